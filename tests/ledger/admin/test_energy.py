"""Operators see a site's month, bring its books up to it, and book bills."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from ledger.energy.models import CertificateRun, EnergyBill, EnergyTrueUp
from tests import callers, factories
from tests.ledger.energy import certifying, metering

pytestmark = pytest.mark.django_db

SITE = "/admin/ledger/energytrueup/sites/west/"
BILL = {
    "document": "B-1",
    "starts_on": "2026-10-01",
    "ends_on": "2026-11-01",
    "kwh": "1",
    "amount": "0.60",
    "currency": "CNY",
    "provider": "westcloud",
}


@pytest.fixture(autouse=True)
def _books() -> None:
    """Use eight watt-hours, and meter ten."""
    factories.publish()
    metering.use(*(f"e{number}" for number in range(10)))
    metering.count(metering.reading("0.010"))
    certifying.publish(certifying.lot())


def operator(*may: str) -> Client:
    """Return a client of an operator who may look at energy, and whatever is named."""
    user = callers.user("operator")
    user.is_staff = True
    user.save()
    permissions = Permission.objects.filter(codename__in=["view_energytrueup", *may])
    user.user_permissions.set(permissions)
    client = Client()
    client.force_login(user)
    return client


class TestPages:
    def test_show_every_site_with_what_lies_between(self) -> None:
        page = operator().get("/admin/ledger/energytrueup/sites/?span=2026-10").content.decode()

        assert "complete, not trued up" in page
        assert "Asia/Shanghai" in page

    def test_show_gaps_of_a_month_that_is_not_complete(self) -> None:
        page = operator().get(f"{SITE}?span=2026-11").content.decode()

        assert "no readings" in page

    def test_lead_back_from_a_site_that_there_is_not(self) -> None:
        answer = operator().get("/admin/ledger/energytrueup/sites/nowhere/")

        assert answer.status_code == 302

    def test_are_not_for_everybody(self) -> None:
        user = callers.user("visitor")
        user.is_staff = True
        user.save()
        client = Client()
        client.force_login(user)

        assert client.get(SITE).status_code == 403


class TestBringingUp:
    def test_trues_up_and_cancels_and_says_what_came_of_it(self) -> None:
        page = (
            operator("add_energytrueup").post(f"{SITE}?span=2026-10", follow=True).content.decode()
        )

        assert "0.010 kWh metered, 0.002 kWh above booked" in page
        assert "4 Wh cancelled, nothing short" in page
        assert "trued up" in page
        assert EnergyTrueUp.objects.get().recorded_by == "operator"
        assert CertificateRun.objects.count() == 1

    def test_takes_a_permission(self) -> None:
        assert operator().post(f"{SITE}?span=2026-10").status_code == 403
        assert not EnergyTrueUp.objects.exists()


class TestBill:
    def test_is_booked_in_the_readers_name(self) -> None:
        page = operator("add_energybill").post(f"{SITE}bill/", BILL, follow=True).content.decode()

        assert "Bill B-1 is in journal entry" in page
        assert EnergyBill.objects.get().recorded_by == "operator"

    def test_that_makes_no_sense_is_shown_again_with_the_reason(self) -> None:
        wrong = BILL | {"ends_on": "2026-11-03"}

        page = operator("add_energybill").post(f"{SITE}bill/", wrong).content.decode()

        assert "within its month" in page
        assert not EnergyBill.objects.exists()

    def test_takes_a_permission(self) -> None:
        assert operator().post(f"{SITE}bill/", BILL).status_code == 403
