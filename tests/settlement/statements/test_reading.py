"""Reading settlements: the platform everything, a party what it is in."""

from decimal import Decimal

import pytest

from ledger.parties.models import Party
from ledger.parties.viewers import Viewer
from settlement.clearing.approvals import NoSuchSettlement
from settlement.clearing.models import Settlement
from settlement.statements import reading
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER

pytestmark = pytest.mark.django_db


def viewer(party: str) -> Viewer:
    return Viewer(party_id=Party.objects.get(code=party).pk, sees_all=party == "clearwatt")


@pytest.fixture
def settlement() -> Settlement:
    factories.publish()
    factories.post(price="10", fee_consumer="0.1", fee_provider="0.3")
    factories.post("westcloud-eastcloud", price="70")
    factories.post("eastcloud-westcloud", price="50")
    return factories.settle()


class TestSettlements:
    def test_are_newest_first_and_older_than_the_cursor(self, settlement: Settlement) -> None:
        factories.post(price="1", day=NOVEMBER)
        later = factories.settle(month=NOVEMBER, now=LATER)

        everything = reading.settlements(viewer("clearwatt"), before=None, limit=10)
        page = reading.settlements(viewer("clearwatt"), before=later.pk, limit=10)

        assert [one.id for one in everything] == [later.pk, settlement.pk]
        assert [(one.id, one.made_by, one.approved_by) for one in page] == [
            (settlement.pk, "maker", "checker")
        ]

    def test_show_a_party_the_approved_ones_that_it_is_in(self, settlement: Settlement) -> None:
        factories.post(price="1", day=NOVEMBER)
        factories.calculate(month=NOVEMBER, now=LATER)

        acme = reading.settlements(viewer("acme"), before=None, limit=10)

        assert [(one.id, one.made_by, one.approved_by) for one in acme] == [
            (settlement.pk, None, None)
        ]


class TestSettlement:
    def test_shows_the_platform_both_sides_and_its_own(self, settlement: Settlement) -> None:
        detail = reading.settlement(viewer("clearwatt"), settlement_id=settlement.pk)

        assert [one.agreement for one in detail.positions] == [
            "eastcloud-westcloud",
            "westcloud-acme",
            "westcloud-eastcloud",
        ]
        acme = detail.positions[1]
        assert (acme.consumer_due, acme.provider_due, acme.platform_fee) == (
            Decimal("10.10"),
            Decimal("9.70"),
            Decimal("0.40"),
        )
        assert [one.amount for one in detail.nettings] == [Decimal(50)]

    def test_shows_a_consumer_its_side_only(self, settlement: Settlement) -> None:
        detail = reading.settlement(viewer("acme"), settlement_id=settlement.pk)

        (position,) = detail.positions
        assert (position.consumer_due, position.fee_consumer) == (Decimal("10.10"), Decimal("0.1"))
        assert (position.provider_due, position.fee_provider, position.platform_fee) == (
            None,
            None,
            None,
        )
        assert detail.nettings == []

    def test_shows_a_provider_its_side_only(self, settlement: Settlement) -> None:
        detail = reading.settlement(viewer("westcloud"), settlement_id=settlement.pk)

        acme = next(one for one in detail.positions if one.consumer == "acme")
        assert (acme.consumer_due, acme.provider_due, acme.rounding) == (
            None,
            Decimal("9.70"),
            None,
        )

    def test_refuses_what_is_not_there_or_anothers_or_not_approved(
        self, settlement: Settlement
    ) -> None:
        factories.post("eastcloud-eastcloud", price="1", day=NOVEMBER)
        theirs = factories.settle(month=NOVEMBER, now=LATER)

        for id_ in (404_404_404, theirs.pk):
            with pytest.raises(NoSuchSettlement):
                reading.settlement(viewer("acme"), settlement_id=id_)
