"""The programs of docs/integrations.md, run as they stand there."""

import subprocess

import pytest

from ledger import audit
from tests import callers, factories, foreign, naming
from tests.clients import documented, rated
from tests.clients.rated import Rated

# An answer of each kind, of the vendors' own classes, for the program that reports its usage.
ANSWERS = """
from anthropic.types import Message, Usage
from openai.types.chat import ChatCompletion

report(
    ChatCompletion(
        id="chatcmpl-1",
        choices=[],
        created=1,
        model="llama-70b",
        object="chat.completion",
        usage={
            "prompt_tokens": 2_000,
            "completion_tokens": 500,
            "total_tokens": 2_500,
            "prompt_tokens_details": {"cached_tokens": 1_200},
        },
    ),
    surface="openai-chat",
    consumer="acme",
)
report(
    Message(
        id="msg_1",
        content=[],
        model="llama-70b",
        role="assistant",
        type="message",
        usage=Usage(input_tokens=800, cache_read_input_tokens=1_200, output_tokens=500),
    ),
    surface="anthropic-messages",
    consumer="acme",
)
"""
TOKENS = {"input": 800, "cache_read": 1_200, "output": 500}
PRICE = rated.price(fresh=800, cached=1_200, output=500)


@pytest.fixture
def key(site: str) -> str:
    """Publish what the page's events name, and return a key."""
    factories.publish()
    naming.publish(naming.deployment("llama-70b", "qwen"))
    return callers.token("westcloud", "events:write")


def run(program: str, key: str) -> str:
    """Run a program in the clients' environment; return what it wrote."""
    ended = foreign.run("python", "-c", program, variables={"CLEARWATT_KEY": key})
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


class TestPage:
    def test_reports_with_openmeters_client(self, site: str, key: str) -> None:
        run(documented.block("OpenMeter's clients", "python", address=site), key)

        (entry,) = rated.entries().values()
        assert entry == Rated({"output": 500}, rated.price(output=500), "complete")

    def test_reports_with_the_library_of_cloudevents(self, site: str, key: str) -> None:
        wrote = run(documented.block("CloudEvents", "python", address=site), key)

        assert "'accepted': 1" in wrote
        (entry,) = rated.entries().values()
        assert entry == Rated(TOKENS, PRICE, "complete")

    def test_reports_from_a_shell(self, site: str, key: str) -> None:
        command = documented.block("CloudEvents", "sh", address=site)

        subprocess.run(
            ["/bin/sh", "-c", command],
            env={"CLEARWATT_KEY": key, "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            timeout=60,
        )

        (entry,) = rated.entries().values()
        assert entry == Rated(TOKENS, PRICE, "complete")

    def test_reports_answers_of_the_vendors_own_classes(self, site: str, key: str) -> None:
        heading = "A proxy that speaks like OpenAI or Anthropic"

        run(documented.block(heading, "python", address=site) + ANSWERS, key)

        assert rated.entries() == {
            "chatcmpl-1": Rated(TOKENS, PRICE, "complete"),
            "msg_1": Rated(TOKENS, PRICE, "complete"),
        }
        assert audit.run() == []
