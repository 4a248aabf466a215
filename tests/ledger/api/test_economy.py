"""GET /v1/token-economy: for the platform, of named days."""

import pytest
from django.test import Client

from tests import factories

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
        assert found["total"]["utilisation"] is None
        assert found["total"]["available_gpu_hours"] is None
        assert found["total"]["uncounted_gpu_hours"] == found["total"]["busy_gpu_hours"]
        assert len(found["days"]) == 30

    def test_states_utilisation_where_a_deployment_states_its_gpus(self, platform: Client) -> None:
        (terms,) = factories.catalogue()["deployment_terms"]
        since = {"valid_from": "2026-10-05T00:00:00Z", "gpu_count": 2}
        factories.publish({"deployment_terms": [terms | since]})
        days = {"from": "2026-10-05", "to": "2026-10-06", "time_zone": "UTC", "by": "provider"}

        found = platform.get("/v1/token-economy", days).json()

        # 2.42 GPU-seconds an event: 0.8 + 0.12 + 1.5. Two of westcloud's 48 GPU-hours, one beside.
        total = found["total"]
        assert (total["available_gpu_hours"], total["uncounted_gpu_hours"]) == (
            *("48.000000", "0.000672"),
        )
        assert total["utilisation"] == "0.000028"  # 4.84 / 172,800
        assert [(one["name"], one["utilisation"]) for one in found["shares"]] == [
            ("westcloud", "0.000028"),
            ("eastcloud", None),
        ]

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
