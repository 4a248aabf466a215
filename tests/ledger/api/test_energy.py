"""The energy books over HTTP."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from ledger.energy import certificates, true_ups
from ledger.energy.models import EnergyBill, MeterReading
from tests import callers, factories
from tests.ledger.energy import certifying, metering
from tests.ledger.energy.metering import BEGIN, END, NOW, OCTOBER

pytestmark = pytest.mark.django_db


@pytest.fixture
def westcloud() -> Client:
    """Return a client of the only provider at the site."""
    factories.publish()
    return callers.client("westcloud")


def reading(**values: str) -> dict[str, str]:
    return {
        "site": "west",
        "kind": "facility",
        "starts_at": BEGIN.isoformat(),
        "ends_at": END.isoformat(),
        "quantity": "0.002",
        **values,
    }


def post(client: Client, path: str, content: Any) -> Any:
    return client.post(path, json.dumps(content), content_type="application/json")


BILL = {
    "site": "west",
    "document": "B-1",
    "starts_on": "2026-10-01",
    "ends_on": "2026-11-01",
    "kwh": "1",
    "amount": "0.60",
    "currency": "CNY",
}


class TestMeterReadings:
    def test_are_recorded_and_listed(self, westcloud: Client) -> None:
        posted = post(westcloud, "/v1/meter-readings", [reading()])
        again = post(westcloud, "/v1/meter-readings", [reading(quantity="0.003")])

        listed = westcloud.get("/v1/meter-readings?site=west&kind=facility").json()["items"]
        assert posted.json() == {"new": 1, "revised": 0, "unchanged": 0}
        assert again.json() == {"new": 0, "revised": 1, "unchanged": 0}
        assert [(one["revision"], one["quantity"]) for one in listed] == [
            (2, "0.003000000000"),
            (1, "0.002000000000"),
        ]

    def test_are_refused_together_and_each_fault_named(self, westcloud: Client) -> None:
        later = (END + timedelta(days=400)).isoformat()
        response = post(
            westcloud,
            "/v1/meter-readings",
            [reading(), reading(kind="it", starts_at=END.isoformat(), ends_at=later)],
        )

        assert response.status_code == 422
        (error,) = response.json()["errors"]
        assert error["pointer"] == "#/1"
        assert "by 32 days at most" in error["detail"]
        assert not MeterReading.objects.exists()

    @pytest.mark.parametrize(
        ("content", "status", "problem"),
        [
            ([reading(quantity="1e3")], 422, "meter-readings-invalid"),
            ([{**reading(), "quantity": 1.5}], 422, "meter-readings-invalid"),
            ([reading(starts_at="2026-10-01T00:00:00")], 422, "meter-readings-invalid"),
            ([{**reading(), "price": "1"}], 422, "meter-readings-invalid"),
            ([reading(site="east")], 404, "no-such-site"),
            ({"site": "west"}, 400, "unreadable-body"),
        ],
    )
    def test_that_make_no_sense_are_refused(
        self, westcloud: Client, content: Any, status: int, problem: str
    ) -> None:
        response = post(westcloud, "/v1/meter-readings", content)

        assert (response.status_code, response.json()["type"]) == (status, f"/problems/{problem}")
        assert not MeterReading.objects.exists()

    def test_need_a_key_for_them(self) -> None:
        factories.publish()
        client = callers.client("westcloud", "books:read")

        assert post(client, "/v1/meter-readings", [reading()]).status_code == 403

    def test_of_a_site_are_none_of_a_consumers_business(self) -> None:
        factories.publish()
        metering.count(metering.reading("1"))
        acme = callers.client("acme")

        assert acme.get("/v1/meter-readings").json()["items"] == []
        assert acme.get("/v1/meter-readings?site=west").status_code == 404
        assert post(acme, "/v1/meter-readings", [reading()]).status_code == 404


class TestEnergyBills:
    def test_are_booked_once_and_listed(self, westcloud: Client) -> None:
        first = post(westcloud, "/v1/energy-bills", BILL)
        again = post(westcloud, "/v1/energy-bills", BILL)

        assert first.status_code == 200
        assert again.json() == first.json()
        assert westcloud.get("/v1/energy-bills").json()["items"] == [first.json()]
        assert EnergyBill.objects.get().amount == Decimal("0.60")

    @pytest.mark.parametrize(
        ("change", "status", "problem"),
        [
            ({"amount": "0.61"}, 409, "energy-bill-differs"),
            ({"document": "B-2", "amount": 1}, 422, "energy-bill-invalid"),
            ({"document": "B-2", "amount": "x"}, 422, "energy-bill-invalid"),
            ({"document": "B-2", "ends_on": "2026-11-02"}, 422, "energy-bill-invalid"),
            ({"document": "B-2", "provider": "acme"}, 422, "energy-bill-invalid"),
            ({"document": "B-2", "currency": "XYZ"}, 422, "unknown-currency"),
        ],
    )
    def test_that_make_no_sense_are_refused(
        self, westcloud: Client, change: dict[str, Any], status: int, problem: str
    ) -> None:
        post(westcloud, "/v1/energy-bills", BILL)

        response = post(westcloud, "/v1/energy-bills", BILL | change)

        assert (response.status_code, response.json()["type"]) == (status, f"/problems/{problem}")
        assert EnergyBill.objects.count() == 1


class TestSiteEnergy:
    def test_tells_what_lies_between_the_meter_and_the_books(self, westcloud: Client) -> None:
        metering.use("a", "b")
        post(westcloud, "/v1/meter-readings", [reading()])
        true_ups.true_up(metering.west(), starts_on=OCTOBER, by="tests", now=NOW)

        told = westcloud.get("/v1/sites/west/energy?month=2026-10").json()

        assert told["state"] == "current"
        assert {"provider": "westcloud", "commodity": "J", "amount": "5808.000000000000"} in told[
            "booked"
        ]
        assert told["true_up"]["parts"][0] == {
            "part": "usage",
            "commodity": "J",
            "amount": "1392.000000000000",
        }

    def test_names_where_the_meter_is_silent(self, westcloud: Client) -> None:
        post(
            westcloud,
            "/v1/meter-readings",
            [reading(ends_at=(END - timedelta(hours=1)).isoformat())],
        )

        told = westcloud.get("/v1/sites/west/energy?month=2026-10").json()

        meter = next(one for one in told["meters"] if one["kind"] == "facility")
        assert told["state"] == "incomplete"
        assert meter["missing"] == [
            {"starts_at": "2026-10-31T15:00:00Z", "ends_at": "2026-10-31T16:00:00Z"}
        ]

    @pytest.mark.parametrize("month", ["2026-13", "x", "1999-12", "2026-1"])
    def test_asks_for_a_month(self, westcloud: Client, month: str) -> None:
        assert westcloud.get(f"/v1/sites/west/energy?month={month}").status_code == 400


class TestSiteGreen:
    def test_tells_both_kinds_of_grams_and_every_quarter_hour(self, westcloud: Client) -> None:
        metering.use(*(f"e{number}" for number in range(10)))
        certifying.publish(certifying.lot())
        certificates.receive(now=NOW)
        certificates.cancel(
            metering.west(), provider="westcloud", starts_on=OCTOBER, by="tests", now=NOW
        )

        told = westcloud.get("/v1/sites/west/green?month=2026-10&slots=true").json()

        (line,) = told["providers"]
        assert line["matched_watt_hours"] == 4
        assert line["co2_location_grams"] == "4.840000000000"
        assert line["co2_market_grams"] == "2.440000000000"
        assert line["slots"] == [
            {
                "starts_at": "2026-10-05T02:30:00Z",
                "consumed_watt_hours": "8.066666666667",
                "matched_watt_hours": 4,
                "matched_share": "0.495867768595",
            }
        ]
        assert [lot["left_watt_hours"] for lot in told["lots"]] == [6]
