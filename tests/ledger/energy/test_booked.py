"""What usage booked in a site's month, read two ways: by rate, and in sums."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.energy import booked, months, sites
from ledger.parties.viewers import PLATFORM
from tests import factories
from tests.ledger.energy import certifying, metering
from tests.ledger.energy.metering import OCTOBER

pytestmark = pytest.mark.django_db

EVENT_JOULES = Decimal(2904)


class TestBooked:
    def test_begins_between_two_hours_of_utc_where_the_sites_zone_does(self) -> None:
        """October in Kolkata is from 18:30 UTC on September 30 to 18:30 UTC on October 31."""
        factories.publish()
        document = certifying.second_site()
        document["sites"] = [document["sites"][0] | {"time_zone": "Asia/Kolkata"}]
        factories.publish(document)
        for name, at in (
            ("september", datetime(2026, 9, 30, 18, 29, 59, tzinfo=UTC)),
            ("first", datetime(2026, 9, 30, 18, 30, tzinfo=UTC)),
            ("inside", datetime(2026, 10, 15, 7, 0, tzinfo=UTC)),
            ("last", datetime(2026, 10, 31, 18, 29, 59, tzinfo=UTC)),
            ("november", datetime(2026, 10, 31, 18, 30, tzinfo=UTC)),
        ):
            metering.use(name, occurred_at=at, deployment="qwen-2")
        month = months.site_month(sites.site(PLATFORM, code="west-2"), starts_on=OCTOBER)

        sums = booked.sums([month])[month.site.id]
        rates = booked.by_rate(month)

        assert sums.of("J") == 3 * EVENT_JOULES
        assert sum(one.microjoules for one in rates) == 3 * EVENT_JOULES * 10**6
