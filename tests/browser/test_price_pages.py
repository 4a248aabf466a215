"""Quotes, comparisons and explanations in a real browser: what they say, light, dark and narrow."""

from datetime import UTC, datetime

import pytest

from ledger.rating import rate
from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from tests import factories
from tests.browser.chromium import Browser
from tests.browser.test_operators_site import browser, enter
from tests.ledger.pricing.quoting.test_quotes import in_china, shipped

__all__ = ["browser"]

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
WIDE, NARROW = (1400, 1000), (390, 844)


@pytest.fixture
def used(transactional_db: None) -> str:
    """Serve the worked event in Beijing, and return its usage entry's id."""
    shipped("beijing")
    factories.record(factories.event(occurred_at=in_china(10, 30)), now=NOW)
    rate.rate_pending(now=NOW)
    entry = UsageEntry.objects.get()
    return public_id(occurred_at=entry.occurred_at, id_=entry.id)


def quote(site: str) -> str:
    """Return the address of a quote of the worked event."""
    asked = "deployment={}&terms=agreement:westcloud-acme&at=2026-11-24T02:30&over={}"
    rest = "&input=800&cache_read=1200&output=500&requests=1&service_tier=standard&save_percent=5"
    deployment = UsageEntry.objects.get().deployment_id
    return f"{site}/admin/ledger/pricerate/quote/?{asked.format(deployment, 'moment')}{rest}"


def resize(browser: Browser, size: tuple[int, int]) -> None:
    browser.call("POST", "/window/rect", width=size[0], height=size[1])


def overflow(browser: Browser) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(browser.run("return document.documentElement.scrollWidth - window.innerWidth"))


class TestPricePages:
    def test_say_what_moving_west_saves(
        self, browser: Browser, used: str, live_server: pytest.FixtureRequest
    ) -> None:
        site = str(live_server)
        enter(browser, site)

        browser.open(quote(site))

        said = browser.says()
        assert "Cheapest zhongwei" in said
        assert "3.66 %" in said
        assert browser.run("return document.querySelector('canvas.chart').clientHeight") > 100
        assert browser.complaints() == []

    def test_say_what_a_past_day_would_have_cost(
        self, browser: Browser, used: str, live_server: pytest.FixtureRequest
    ) -> None:
        site = str(live_server)
        enter(browser, site)

        browser.click("What if")

        said = browser.says()
        assert "2026-11-24 to 2026-11-25: 1 usage entry" in said
        assert "2.73 %" in said
        assert browser.complaints() == []

    def test_derive_a_price_from_the_catalogue(
        self, browser: Browser, used: str, live_server: pytest.FixtureRequest
    ) -> None:
        site = str(live_server)
        enter(browser, site)

        browser.open(f"{site}/admin/ledger/usageentry/{used}/change/")

        said = browser.says()
        assert "It is peak, since 10:00–13:00, 17:00–22:00" in said
        assert "0.409176 × 1.6 + 0.012185 + 0.2065 + 0.026306 + 0.027168" in said
        assert browser.complaints() == []

    def test_fit_a_narrow_window(
        self, browser: Browser, used: str, live_server: pytest.FixtureRequest
    ) -> None:
        site = str(live_server)
        enter(browser, site)
        resize(browser, NARROW)
        pages = (
            quote(site),
            f"{site}/admin/ledger/pricerate/what-if/",
            f"{site}/admin/ledger/usageentry/{used}/change/",
        )

        for page in pages:
            browser.open(page)

            assert overflow(browser) <= 0, page
