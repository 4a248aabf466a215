"""Other programs find no fault with books that hold energy and certificates."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.energy import bills, certificates, true_ups
from ledger.energy.bills import StatedBill
from ledger.parties.viewers import PLATFORM
from tests import beancount_books, conftest, factories
from tests.ledger.energy import certifying, metering
from tests.ledger.energy.metering import NOW, OCTOBER

pytestmark = pytest.mark.django_db

CLEAN = beancount_books.Verdict(0, "")


@pytest.fixture(autouse=True)
def _energy_books() -> None:
    """Use, meter, bill, true up twice, and cancel certificates twice."""
    factories.publish()
    metering.use(*(f"e{number}" for number in range(10)))
    for number, facility in enumerate(("0.010", "0.012345")):
        metering.count(metering.reading(facility), metering.reading("0.007", "it"))
        bill = StatedBill(
            *("west", None, "B-1", OCTOBER, date(2026, 11, 1)), Decimal(3), Decimal("1.01"), "CNY"
        )
        bills.book(PLATFORM, bill, by="tests", now=NOW)
        certifying.publish(certifying.lot(f"lot-{number}", watt_hours=2))
        certificates.receive(now=NOW)
        later = NOW + timedelta(days=number)
        true_ups.true_up(metering.west(), starts_on=OCTOBER, by="tests", now=later)
        certificates.cancel(
            metering.west(), provider="westcloud", starts_on=OCTOBER, by="tests", now=later
        )


class TestOtherPrograms:
    def test_find_no_fault_bean_check(self, tmp_path: Path) -> None:
        assert beancount_books.bean_check(tmp_path) == CLEAN

    def test_find_no_fault_hledger(self, tmp_path: Path) -> None:
        if not beancount_books.has_hledger():
            conftest.missing("the program hledger")

        assert beancount_books.hledger_check(tmp_path) == CLEAN
