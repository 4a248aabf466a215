"""LiteLLM's proxy with models that answer by themselves, called by OpenAI's client.

It logs to us three times over: by its `generic_api` callback with variables of the environment, by
the same one from its configuration, which sends the very same payloads again, and by its
`openmeter` callback, whose events name a consumer that is not known here.
"""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.processes import free_port
from ledger import audit
from ledger.parties.models import ApiKey, Source
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.columns import from_arrow
from ledger.usage.models import UsageBatch
from tests import callers, factories, foreign, naming
from tests.clients import documented, rated
from tests.clients.rated import Rated

PATIENCE_SECONDS = 120
MASTER_KEY = "sk-" + "c1ea5" * 10
"""LiteLLM starts with a long one only; it never leaves this machine."""

SECRET = "a secret question"
MESSAGES = [{"role": "user", "content": SECRET}]
CACHED = {"cache": {"use-cache": True}}
UNIQUE = {"role": "user", "content": f"{SECRET}, asked twice"}
CALLS: list[dict[str, Any]] = [
    {"model": "qwen", "messages": MESSAGES},
    {
        "model": "qwen",
        "messages": MESSAGES,
        "stream": True,
        "stream_options": {"include_usage": True},
    },
    {"model": "qwen", "messages": MESSAGES, "stream": True, "leave": True},
    {"model": "falls-back", "messages": MESSAGES},
    {"model": "breaks", "messages": MESSAGES},
    {"model": "unheard-of", "messages": MESSAGES},
    {"model": "qwen", "messages": [UNIQUE], "extra_body": CACHED},
    {"model": "qwen", "messages": [UNIQUE], "extra_body": CACHED},
]
BROKEN = "litellm.InternalServerError"
TOLD = {"gateway-1": 8, "litellm-proxy": 5}
"""Two calls failed once, one of them to be answered by a fallback; one reached no model at all.

By its `openmeter` callback LiteLLM tells of successes only, and of one that its cache answered
under the first answer's id, which is a conflict.
"""


def configuration(site: str) -> dict[str, Any]:
    """Return the configuration of docs/integrations.md, with models and two more callbacks."""
    made: dict[str, Any] = yaml.safe_load(documented.block("LiteLLM's proxy", "yaml", address=site))
    # Here what was said is sent, to see that it is not kept.
    assert made["litellm_settings"].pop("turn_off_message_logging")
    made["litellm_settings"]["callbacks"] += ["generic_api", "openmeter"]
    made["litellm_settings"] |= {
        "cache": True,
        "cache_params": {"type": "local", "mode": "default_off"},
    }
    deployments = {"qwen": "a secret answer", "falls-back": BROKEN, "breaks": BROKEN}
    return made | {
        "model_list": [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"openai/{name}",
                    "api_key": "none",
                    "api_base": "http://gpu-west.internal:8000/v1",
                    "mock_response": answer,
                },
            }
            for name, answer in deployments.items()
        ],
        "router_settings": {"num_retries": 1, "fallbacks": [{"falls-back": ["qwen"]}]},
        "general_settings": {"master_key": MASTER_KEY},
    }


def called(site: str, folder: Path) -> list[dict[str, Any]]:
    """Make the calls through a proxy, wait until it has told us of all, and return the answers."""
    key, other_key = (callers.token("westcloud", "events:write") for _ in range(2))
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(configuration(site)))
    proxy = f"http://127.0.0.1:{free_port(8600)}"
    variables = {
        "CLEARWATT_AUTHORIZATION": f"Bearer {other_key}",
        "GENERIC_LOGGER_ENDPOINT": f"{site}/v1/litellm?source=gateway-1",
        "GENERIC_LOGGER_HEADERS": f"Authorization=Bearer {key}",
        "OPENMETER_API_ENDPOINT": site,
        "OPENMETER_API_KEY": key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
    }
    arguments = ["--config", str(config), "--host", "127.0.0.1", "--port", proxy.rpartition(":")[2]]
    log = folder / "litellm.log"
    ready = f"{proxy}/health/liveliness"
    with foreign.serving("litellm", *arguments, ready_at=ready, log=log, variables=variables):
        ended = foreign.run(
            "python",
            str(foreign.SCRIPTS / "openai_calls.py"),
            given=json.dumps(CALLS),
            variables={"OPENAI_BASE_URL": f"{proxy}/v1", "OPENAI_API_KEY": MASTER_KEY},
        )
        assert ended.returncode == 0, ended.stderr
        deadline = time.monotonic() + PATIENCE_SECONDS
        while told() != TOLD or ApiKey.objects.filter(last_used_at=None).exists():
            assert time.monotonic() < deadline, (told(), log.read_text()[-5_000:])
            time.sleep(0.2)
    answers: list[dict[str, Any]] = json.loads(ended.stdout)
    return answers


def told() -> dict[str, int]:
    """Return how many events are recorded of each source."""
    events: Counter[str] = Counter()
    uris = dict(Source.objects.values_list("id", "uri"))
    for batch in UsageBatch.objects.exclude(payload=None):
        for source_id in from_arrow(bytes(batch.payload or b""))["source_id"].to_pylist():
            events[uris[source_id]] += 1
    return dict(events)


class TestTheProxy:
    @pytest.mark.timeout(300)  # LiteLLM takes a quarter of a minute to start, alone on a machine
    def test_tells_us_of_every_call_once_and_to_the_token(self, site: str, tmp_path: Path) -> None:
        factories.publish()
        naming.publish(
            naming.consumer("litellm_proxy_master_key", "acme", project="search"),
            *(naming.deployment(name, "qwen") for name in ("qwen", "falls-back", "breaks")),
        )

        answers = called(site, tmp_path)

        plain, streamed, left, fell_back, broken, unheard_of, first, second = answers
        assert (broken["error"], unheard_of["error"]) == ("InternalServerError", "BadRequestError")
        assert second["id"] == first["id"]
        entries = rated.entries()
        answered = {id_.partition(":")[2]: one for id_, one in entries.items()}
        for answer in (plain, streamed, fell_back, first):
            usage = answer["usage"]
            read, wrote = usage["prompt_tokens"], usage["completion_tokens"]
            assert min(read, wrote) > 0
            assert answered[answer["id"]] == Rated(
                {"input": read, "output": wrote}, rated.price(fresh=read, output=wrote), "complete"
            )
        # The mock may have said everything before LiteLLM sees that its reader left.
        assert answered[left["id"]].status in {"cancelled", "complete"}
        assert answered[left["id"]].price > 0
        others = Counter(
            (one.status, one.price, sum(one.tokens.values()))
            for id_, one in answered.items()
            if id_ not in {answer.get("id") for answer in answers}
        )
        assert others == {("failed", 0, 0): 2, ("complete", 0, 0): 1}
        assert len(entries) == TOLD["gateway-1"]
        aside = SetAside.objects.values_list("reason", flat=True)
        assert list(aside) == ["unknown_consumer"] * TOLD["litellm-proxy"]
        self.check_what_is_kept()
        assert audit.run() == []

    def check_what_is_kept(self) -> None:
        """See that names were understood, and that no text of any call is stored.

        A model that answers by itself has no address in some payloads.
        """
        written = [one.written or {} for one in UsageEntry.objects.filter(project="search")]
        assert len(written) == TOLD["gateway-1"]
        assert {one.get("deployment", "qwen") for one in written} == {
            "qwen",
            "qwen@gpu-west.internal:8000",
            "falls-back",
            "breaks",
        }
        for batch in UsageBatch.objects.all():
            kept = repr(from_arrow(bytes(batch.payload or b"")).to_pylist())
            assert "secret" not in kept
