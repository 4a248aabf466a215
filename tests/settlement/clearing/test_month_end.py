"""A month is closed, and the energy books are brought up to it where that can be done."""

from datetime import timedelta

import pytest

from ledger import audit
from ledger.books.models import JournalEntry, Period
from ledger.energy.models import CertificateRun, EnergyTrueUp
from settlement.audits import EVERY_AUDIT
from settlement.clearing import approvals, month_end, runs
from tests import factories as ledger_factories
from tests.ledger.energy import certifying, metering
from tests.ledger.energy.metering import NOW, OCTOBER
from tests.settlement import factories

pytestmark = pytest.mark.django_db


def close() -> list[str]:
    done = month_end.close(starts_on=OCTOBER, user=factories.user("maker"), now=NOW)
    return [one.said for one in done.energy]


class TestClose:
    def test_posts_what_energy_and_certificates_come_to(self) -> None:
        ledger_factories.publish()
        metering.use(*(f"e{number}" for number in range(10)))
        metering.count(metering.reading("0.010"))
        certifying.publish(certifying.lot())

        said = close()

        # 36,000 J metered, 29,040 J booked.
        assert said[0].startswith("west 2026-10: 0.010 kWh metered, 0.002 kWh above booked")
        assert said[1].startswith("west 2026-10, westcloud: 4 Wh cancelled, nothing short")
        kinds = JournalEntry.objects.order_by("kind").values_list("kind", flat=True)
        assert list(kinds) == ["certificate", "certificate", "energy", "usage"]

    def test_is_not_held_up_by_missing_readings(self) -> None:
        ledger_factories.publish()
        metering.use("e1")
        metering.count(metering.reading("1", end=metering.BEGIN + timedelta(days=2)))

        said = close()

        assert "not trued up: west in 2026-10 has no facility readings from 2026-10-02" in said[0]
        assert not EnergyTrueUp.objects.exists()
        assert CertificateRun.objects.count() == 1
        assert Period.objects.get().state == "closed"

    def test_leaves_a_settlement_as_it_was(self) -> None:
        factories.publish()
        factories.use("evt-1")
        metering.count(metering.reading("0.010"))
        close()

        (settlement,) = runs.calculate(
            starts_on=OCTOBER, user=factories.user("maker"), now=factories.NOW
        )
        approvals.approve(
            settlement_id=settlement.pk, user=factories.user("checker"), now=factories.NOW
        )

        assert audit.run(EVERY_AUDIT) == []
