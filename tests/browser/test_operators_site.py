"""The operators' site in a real browser: the way down, light and dark, nothing from outside."""

import shutil
from collections.abc import Iterator

import pytest

from tests import operators
from tests.browser import chromium
from tests.browser.chromium import Browser
from tests.conftest import missing
from tests.settlement import factories


@pytest.fixture
def browser() -> Iterator[Browser]:
    driver = shutil.which("chromedriver")
    if driver is None or not (shutil.which("chromium") or shutil.which("google-chrome")):
        missing("Chromium with chromedriver")
    with chromium.browser(driver) as window:
        yield window


def enter(browser: Browser, site: str) -> None:
    """Sign in without typing, and open the site."""
    client = operators.signed_in(operators.person("operator", superuser=True))
    browser.open(f"{site}/admin/login/")
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "path": "/"}
    browser.call("POST", "/cookie", cookie=cookie)
    browser.open(f"{site}/admin/")


class TestTheSite:
    def test_is_walked_from_the_overview_to_a_price_and_a_settlement_is_approved(
        self, browser: Browser, live_server: pytest.FixtureRequest
    ) -> None:
        site = str(live_server)
        factories.publish()
        factories.use("evt-1")
        factories.calculate()
        enter(browser, site)

        assert "The books balance" in browser.says()
        browser.click("CNY")
        browser.click("consumer:acme:receivable:CNY")
        browser.click(browser.run("return document.querySelector('td a.cw-link').innerText"))
        browser.click(
            browser.run("return document.querySelector('a[href*=usageentry\\\\/2]').innerText")
        )
        assert "as booked 8,307,214,000 pico-CNY = 0.008307214 CNY" in browser.says()

        browser.click("Settlements")
        browser.click(browser.run("return document.querySelector('td a.cw-link').innerText"))
        browser.click("Approve")
        assert "is approved and posted." in browser.says()

        outside = {
            address
            for address in browser.requested()
            if not address.startswith((site, "data:", "blob:", "chrome:", "devtools:"))
        }
        assert outside == set()
        assert browser.complaints() == []

    def test_is_light_or_dark_as_the_reader_chose(
        self, browser: Browser, live_server: pytest.FixtureRequest
    ) -> None:
        enter(browser, str(live_server))
        colours = set()

        for theme in ("light", "dark"):
            browser.run(f"localStorage.setItem('adminTheme', JSON.stringify('{theme}'))")
            browser.open(f"{live_server}/admin/")
            assert browser.run(f"return document.documentElement.className.includes('{theme}')")
            colours.add(
                browser.run("return getComputedStyle(document.querySelector('.cw-page h2')).color")
            )

        assert len(colours) == 2

    def test_draws_the_token_economy_with_its_figures_beneath(
        self, browser: Browser, live_server: pytest.FixtureRequest
    ) -> None:
        factories.publish()
        factories.use("evt-1", "evt-2")
        enter(browser, str(live_server))

        browser.click("Token economy")

        assert "days of UTC" in browser.says()
        # Two events of 2,500 tokens and 2,904 J each, at 0.008307214 CNY.
        assert "2026-10-05 5,000" in browser.says()
        assert "CNY 0.016614 3.3229 10.2982 64.09 % 3.85 %" in browser.says()
        drawn = """return [...document.querySelectorAll('canvas.chart')].map(
            one => Chart.getChart(one).data.datasets[0].data.at(-1))"""
        assert browser.run(drawn) == ["5000", "1.161600", "3.322885600000"]
        browser.call("POST", "/window/rect", width=420, height=900)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert browser.complaints() == []
