"""OpenTelemetry's SDK and its OTLP/HTTP exporter, told by the environment where to send."""

import json

from ledger import audit
from ledger.parties.models import Source
from ledger.usage.models import EventKey
from tests import callers, factories, foreign
from tests.clients import documented, rated
from tests.clients.rated import Rated

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "qwen",
    "enduser.id": "acme",
}
SPANS = [
    {
        "name": "chat qwen",
        "attributes": CALL
        | {
            "gen_ai.usage.input_tokens": 2_000,
            "gen_ai.usage.cache_read.input_tokens": 1_200,
            "gen_ai.usage.output_tokens": 500,
            "gen_ai.response.finish_reasons": ["stop"],
        },
    },
    {
        "name": "chat qwen",
        "attributes": {
            "gen_ai.system": "openai",
            "gen_ai.request.model": "qwen",
            "user.id": "acme",
            "gen_ai.usage.prompt_tokens": 30,
            "gen_ai.usage.completion_tokens": 4,
            "error.type": "timeout",
        },
        "error": "the connection was lost",
    },
    {"name": "GET /", "attributes": {"http.request.method": "GET"}},
    {
        "name": "invoke_agent",
        "attributes": CALL
        | {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 2_030},
    },
    {"name": "chat qwen", "attributes": CALL | {"gen_ai.usage.input_tokens": -1}},
]


COMPRESSION = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"


def variables(site: str, key: str) -> dict[str, str]:
    """Return the variables of docs/integrations.md, with our address and a key."""
    lines = documented.block("OpenTelemetry", "sh", address=site).splitlines()
    said = dict(line.split("=", 1) for line in lines)
    return {name: value.strip('"').replace("cw_…", key) for name, value in said.items()}


class TestTheExporter:
    def test_takes_our_answers_and_what_it_sent_is_priced(self, site: str) -> None:
        factories.publish()
        key = callers.token("westcloud", "events:write")

        exported = self.export(site, key, compression="gzip")

        assert exported["results"] == ["SUCCESS", "SUCCESS"]
        assert EventKey.objects.count() == 2
        assert Source.objects.get().uri == "gateway-1"
        first, second, *_ = exported["ids"]
        assert rated.entries() == {
            first: Rated(
                {"input": 800, "cache_read": 1_200, "output": 500},
                rated.price(fresh=800, cached=1_200, output=500),
                "complete",
            ),
            second: Rated({"input": 30, "output": 4}, rated.price(fresh=30, output=4), "partial"),
        }
        assert audit.run() == []

    def test_takes_a_key_that_is_none_for_a_failure(self, site: str) -> None:
        exported = self.export(site, "cw_none_0", compression="none")

        assert exported["results"] == ["FAILURE", "FAILURE"]
        assert EventKey.objects.count() == 0

    def export(self, site: str, key: str, *, compression: str) -> dict[str, list[str]]:
        """Export the spans from a process with nothing but OpenTelemetry's own variables."""
        path = str(foreign.SCRIPTS / "otel_spans.py")
        ended = foreign.run(
            "python",
            path,
            given=json.dumps(SPANS),
            variables=variables(site, key) | {COMPRESSION: compression},
        )
        assert ended.returncode == 0, ended.stderr
        found: dict[str, list[str]] = json.loads(ended.stdout)
        return found
