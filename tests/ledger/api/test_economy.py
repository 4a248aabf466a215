"""GET /v1/token-economy: for the platform, of named days."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


class TestTokenEconomy:
    def test_answers_the_platform(self, platform: Client) -> None:
        found = platform.get("/v1/token-economy", {"by": "provider"}).json()

        # Acme's two events and beta's one, each of 2,500 tokens.
        assert found["total"]["tokens"] == 7_500
        assert found["total"]["joules_per_token"] == "1.161600"
        assert [(one["name"], one["tokens_share"]) for one in found["shares"]] == [
            ("westcloud", "0.666667"),
            ("eastcloud", "0.333333"),
        ]
        assert found["utilisation"] is None
        assert len(found["days"]) == 30

    def test_is_not_for_parties(self, acme: Client, westcloud: Client) -> None:
        for client in (acme, westcloud):
            answer = client.get("/v1/token-economy")

            assert (answer.status_code, answer.json()["type"]) == (
                403,
                "/problems/party-not-allowed",
            )

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("by", "colour"),
            ("time_zone", "Mars"),
            ("currency", "XXX"),
            ("from", "soon"),
            ("x", "1"),
        ],
    )
    def test_refuses_what_it_does_not_understand(
        self, platform: Client, name: str, value: str
    ) -> None:
        answer = platform.get("/v1/token-economy", {name: value})

        assert (answer.status_code, answer.json()["parameter"]) == (400, name)

    def test_refuses_days_that_begin_off_an_hour(self, platform: Client) -> None:
        answer = platform.get("/v1/token-economy", {"time_zone": "Asia/Kolkata"})

        assert (answer.status_code, answer.json()["type"]) == (
            422,
            "/problems/economy-span-refused",
        )
