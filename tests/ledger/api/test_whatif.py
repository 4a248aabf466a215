"""GET /v1/whatif: what its parameters may be, and who sees what a price is made of."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


class TestWhatIf:
    def test_answers_for_the_last_day_at_home_and_at_every_site(
        self, acme: Client, westcloud: Client
    ) -> None:
        for client in (acme, westcloud):
            found = client.get("/v1/whatif").json()

            assert (found["from_date"], found["to_date"]) == ("2026-10-05", "2026-10-06")
            assert [one["site"] for one in found["sites"]] == [None, "west"]
            (totals,) = found["sites"][0]["totals"]
            assert totals["instead"] == totals["booked"]
            assert totals["price_percent"] == "0.000000"
            assert (totals["booked"]["cost"] is None) is (client is acme)
            assert found["sites"][0]["days"] == [{"day": "2026-10-05", **totals}]

    @pytest.mark.parametrize("shift", ["7", "15.0", "x", "-100000", "1e3", ""])
    def test_refuses_a_shift_that_is_no_number_of_quarter_hours(
        self, acme: Client, shift: str
    ) -> None:
        answer = acme.get("/v1/whatif", {"shift_minutes": shift})

        assert answer.status_code == 400
        assert answer.json()["parameter"] == "shift_minutes"

    def test_takes_a_shift_back_and_forth(self, acme: Client) -> None:
        for shift in ("-45", "60"):
            found = acme.get("/v1/whatif", {"shift_minutes": shift}).json()

            assert found["shift_minutes"] == int(shift)
            # The tariff is flat, so nothing is saved.
            (totals,) = found["sites"][0]["totals"]
            assert totals["price_percent"] == "0.000000"

    def test_names_what_it_does_not_know(self, acme: Client) -> None:
        answer = acme.get("/v1/whatif", {"provider": "eastcloud"})

        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/what-if-refused")
