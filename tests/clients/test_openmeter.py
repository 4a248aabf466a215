"""OpenMeter's published client, with our address as its base URL and nothing else."""

import json
from datetime import UTC, datetime
from typing import Any

from ledger import audit
from ledger.usage.models import EventKey
from tests import callers, factories, foreign
from tests.clients import rated
from tests.clients.rated import Rated

OCCURRED_AT = datetime(2026, 10, 5, 2, 30, tzinfo=UTC).isoformat()


def event(id_: str, type_: str, **data: Any) -> dict[str, Any]:
    """Return what the client makes an event of."""
    return {
        "id": id_,
        "source": "chat-app",
        "specversion": "1.0",
        "type": type_,
        "subject": "acme",
        "time": OCCURRED_AT,
        "data": data,
    }


PROMPT = event("1", "prompt", model="qwen", type="input", tokens=2_000)
ANSWER = event("2", "prompt", model="qwen", type="output", tokens="500")
CALL = event("3", "litellm_tokens", model="qwen", prompt_tokens=7, completion_tokens=5)
OURS = event("4", "clearwatt.usage", deployment="qwen", usage={"input": 9, "cache_read": 11})
ELSE = event("5", "request", method="GET", route="/hello")


class TestTheClient:
    def test_takes_our_answers_and_what_it_sent_is_priced(self, site: str) -> None:
        factories.publish()
        key = callers.token("westcloud", "events:write")

        one, several, again, mixed = foreign.answer(
            "openmeter_events.py",
            site,
            key,
            given=[[PROMPT], [ANSWER, CALL], [ANSWER, CALL], [OURS, ELSE]],
        )

        assert (one, several, again) == ("", "", "")
        problem = json.loads(mixed)
        assert problem["type"] == "/problems/events-refused"
        assert (problem["accepted"], problem["rejected"]) == (1, 1)
        assert problem["items"][0]["detail"].startswith("#/1/type: is none of ")
        assert EventKey.objects.count() == 4
        assert rated.entries() == {
            "1": Rated({"input": 2_000}, rated.price(fresh=2_000), "complete"),
            "2": Rated({"output": 500}, rated.price(output=500), "complete"),
            "3": Rated({"input": 7, "output": 5}, rated.price(fresh=7, output=5), "complete"),
            "4": Rated({"input": 9, "cache_read": 11}, rated.price(fresh=9, cached=11), "complete"),
        }
        assert audit.run() == []
