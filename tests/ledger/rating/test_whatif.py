"""What past usage would have cost: at home what was booked, elsewhere what is quoted there."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.parties.models import Party
from ledger.parties.viewers import Viewer
from ledger.pricing.published import Lack
from ledger.rating import rate, whatif
from ledger.rating.corrections import applying
from ledger.rating.whatif import Moved, Totals, WhatIf, WhatIfRefused
from tests import correcting, factories
from tests.ledger.pricing.quoting.test_quotes import EVERYBODY, in_china, shipped

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)

pytestmark = pytest.mark.django_db


def served_in_beijing() -> None:
    """Serve the worked event in Beijing on a peak, on a valley and on two sides of a quarter."""
    shipped("beijing")
    edge = in_china(10) - timedelta(milliseconds=300)
    factories.record(
        factories.event("peak", occurred_at=in_china(10, 30)),
        factories.event("valley", occurred_at=in_china(3)),
        factories.event("edge", occurred_at=edge),
        factories.event("long", occurred_at=in_china(18), usage={"input": 90_000, "output": 7}),
        now=NOW,
    )
    rate.rate_pending(now=NOW)


def asked(viewer: Viewer = EVERYBODY, **values: Any) -> WhatIf:
    days = {"from_date": DAY - timedelta(days=1), "to_date": date(2026, 11, 26)}
    return whatif.what_if(viewer, whatif.Wanted(**{**days, **values}), now=NOW)


def at(found: WhatIf, site: str | None) -> Moved:
    (moved,) = (one for one in found.moved if (one.site and one.site.code) == site)
    return moved


def as_booked(totals: Totals) -> dict[str, int]:
    """Return what it would have come to, without what is reported and never booked."""
    return {name: totals.instead.sums[name] for name in totals.booked.sums}


class TestAtItsOwnSite:
    def test_usage_comes_to_what_was_booked_to_the_last_digit(self) -> None:
        served_in_beijing()

        found = asked()

        assert found.entries == 4
        for site in (None, "beijing"):
            (totals,) = at(found, site).totals
            assert totals.booked.sums["price"] > 0
            assert as_booked(totals) == totals.booked.sums

    def test_corrected_usage_does_too(self) -> None:
        served_in_beijing()
        correcting.ask(correcting.amend("peak", usage={"input": 1, "output": 2}), now=NOW)
        correcting.ask(correcting.void("valley"), now=NOW)
        applying.apply_pending(now=NOW)

        (totals,) = at(asked(), None).totals

        assert totals.booked.sums["price"] > 0
        assert as_booked(totals) == totals.booked.sums


class TestElsewhere:
    def test_the_worked_event_saves_what_was_computed_by_hand(self) -> None:
        served_in_beijing()

        found = asked(from_date=DAY, to_date=None, site="zhongwei")

        # 10:30 of the worked event alone is 2.73 %; the days hold the others, too.
        moved = at(found, "zhongwei")
        assert [day for day, _ in moved.days] == [DAY]
        (totals,) = moved.totals
        assert totals.booked.less(totals.instead).sums["compute"] == 0
        # By the slot: the edge of 09:59:59.7 is in the flat quarter, and saves by that.
        assert totals.booked.sums["energy"] > totals.instead.sums["energy"]
        assert [one.site and one.site.code for one in found.moved] == [None, "zhongwei"]

    def test_it_is_what_that_event_is_quoted(self) -> None:
        shipped("beijing")
        factories.record(factories.event(occurred_at=in_china(10, 30)), now=NOW)
        rate.rate_pending(now=NOW)

        (totals,) = at(asked(site="zhongwei"), "zhongwei").totals

        assert totals.instead.sums["price"] == 15_470_826_600
        assert totals.booked.sums["price"] == 15_904_314_700
        percent = whatif.percent_saved(totals)
        assert f"{percent:.2f}" == "2.73"

    def test_days_add_up_to_the_whole(self) -> None:
        served_in_beijing()

        moved = at(asked(), "zhongwei")

        (totals,) = moved.totals
        # 03:00 in China is still the day before in UTC.
        assert [day for day, _ in moved.days] == [DAY - timedelta(days=1), DAY]
        assert (
            sum(one.instead.sums["price"] for _, one in moved.days)
            == (totals.instead.sums["price"])
        )

    def test_nothing_unknown_becomes_zero(self) -> None:
        document = factories.catalogue()
        document["sites"].append(
            {"code": "east", "name": "East", "time_zone": "Asia/Shanghai", "grid_zone": "CN-BJ"}
        )
        factories.publish(document)
        factories.record(factories.event("one"), factories.event("two"))
        rate.rate_pending(now=factories.NOW)

        found = asked(from_date=None, to_date=None)

        assert found.span.from_date == factories.OCCURRED_AT.date()
        east = at(found, "east")
        assert (dict(east.lacks), east.totals) == ({Lack("no_pue", "pue:east"): 2}, [])
        assert len(at(found, "west").totals) == 1


class TestAnotherTime:
    def test_moves_a_peak_into_the_valley(self) -> None:
        """By hand: 1,752.3935 J at 0.926841 and at 0.435829, without the margin of 20 %."""
        shipped("beijing")
        factories.record(factories.event(occurred_at=in_china(10, 30)), now=NOW)
        rate.rate_pending(now=NOW)

        (totals,) = at(asked(shift_minutes=-8 * 60, site="beijing"), "beijing").totals

        saved = totals.booked.less(totals.instead).of("energy")
        by_hand = Decimal("1752.3935") / 3_600_000 * (Decimal("0.926841") - Decimal("0.435829"))
        assert abs(saved - by_hand) < Decimal("0.000000005")


class TestTheBounds:
    def test_take_few_queries_and_none_a_site(self) -> None:
        served_in_beijing()
        rate.current_rates()

        with CaptureQueriesContext(connection) as captured:
            asked()

        assert len(captured) <= 6

    @pytest.mark.parametrize(
        ("values", "parameter"),
        [
            ({"to_date": DAY + timedelta(days=40)}, "to"),
            ({"to_date": DAY - timedelta(days=1)}, "to"),
            ({"site": "atlantis"}, "site"),
            ({"consumer": "nobody"}, "consumer"),
            ({"provider": "nobody"}, "provider"),
            ({"deployment": "nothing"}, "deployment"),
        ],
    )
    def test_are_named(self, values: dict[str, Any], parameter: str) -> None:
        factories.publish()

        with pytest.raises(WhatIfRefused) as refused:
            asked(**values)

        assert refused.value.parameter == parameter

    def test_refuse_too_much_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        factories.publish()
        factories.record(factories.event("one"), factories.event("two"))
        rate.rate_pending(now=factories.NOW)

        for name, most in (("MOST_ENTRIES", 1), ("MOST_PRICED", 1)):
            with monkeypatch.context() as smaller:
                smaller.setattr(whatif, name, most)
                with pytest.raises(WhatIfRefused):
                    asked(from_date=None, to_date=None)


class TestTheViewer:
    def test_sees_its_own_usage_only(self) -> None:
        factories.publish()
        factories.publish_newcomer()
        factories.record(factories.event("a"), factories.event("b", consumer="newcomer"))
        rate.rate_pending(now=factories.NOW)
        acme = Viewer(party_id=Party.objects.get(code="acme").id, sees_all=False)

        found = asked(acme, from_date=None, to_date=None)

        assert (found.entries, found.shows_cost) == (1, False)
