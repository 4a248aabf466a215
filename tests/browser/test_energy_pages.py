"""A site's month in a real browser: what it says, what it does, and that it fits."""

import pytest

from tests import factories
from tests.browser.chromium import Browser
from tests.browser.test_operators_site import browser, enter
from tests.browser.test_price_pages import NARROW, WIDE, overflow, resize
from tests.ledger.energy import certifying, metering

__all__ = ["browser"]

SITES = "/admin/ledger/energytrueup/sites/"


@pytest.fixture
def _metered(transactional_db: None) -> None:
    """Use eight watt-hours, and meter ten, with those of the machines and their hours."""
    factories.publish()
    metering.use(*(f"e{number}" for number in range(10)))
    metering.count(metering.reading("0.010"), metering.reading("0.007", "it"))
    certifying.publish(certifying.lot(watt_hours=3))


@pytest.mark.usefixtures("_metered")
class TestEnergyPages:
    def test_bring_the_books_up_to_a_month_and_show_what_it_came_to(
        self, browser: Browser, live_server: pytest.FixtureRequest
    ) -> None:
        site = str(live_server)
        enter(browser, site)
        browser.open(f"{site}{SITES}?span=2026-10")
        assert "complete, not trued up" in browser.says()

        browser.click("west")
        browser.click("True up and cancel certificates")

        said = browser.says()
        assert "0.010 kWh metered, 0.002 kWh above booked" in said
        assert "3 Wh cancelled, 1 Wh short" in said
        assert "efficiency" in said
        assert browser.complaints() == []

    @pytest.mark.parametrize("size", [WIDE, NARROW])
    @pytest.mark.parametrize("page", ["?span=2026-10", "west/?span=2026-10", "west/bill/"])
    def test_fit_their_window(
        self,
        browser: Browser,
        size: tuple[int, int],
        page: str,
        live_server: pytest.FixtureRequest,
    ) -> None:
        enter(browser, str(live_server))
        resize(browser, size)

        browser.open(f"{live_server}{SITES}{page}")

        assert overflow(browser) <= 0
