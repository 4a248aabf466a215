"""Posts that a key must sign, signed by the published library and by openssl."""

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from standardwebhooks.webhooks import Webhook

from ledger import tasks
from ledger.parties import keys, signing
from ledger.parties.bounds import Bounds
from ledger.parties.keys import Issued
from ledger.parties.models import SignedRequest
from ledger.usage.formats.decoding import MOST_BYTES
from ledger.usage.models import EventKey
from tests import callers, factories
from tests.conftest import missing

pytestmark = pytest.mark.django_db
API = Path(django_settings.BASE_DIR) / "docs" / "api.md"
TRACES = "/v1/otlp/v1/traces"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake", lambda: None)


@pytest.fixture
def issued() -> Issued:
    """Return a provider's key that must sign."""
    return issue()


def issue(*scopes: str) -> Issued:
    callers.party("westcloud", "provider")
    return keys.issue(
        party="westcloud",
        scopes=scopes or ["events:write", "books:read"],
        name="",
        now=datetime.now(UTC),
        bounds=Bounds(signs=True),
    )


def signature(
    issued: Issued, body: bytes, *, webhook_id: str = "msg_1", signed_at: datetime | None = None
) -> dict[str, str]:
    """Return the headers that the library makes for a body of text."""
    assert issued.signing_secret is not None
    now = signed_at or datetime.now(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(issued.signing_secret).sign(webhook_id, now, body.decode()),
    }


def body(*event_ids: str) -> bytes:
    return json.dumps([factories.event(one) for one in event_ids or ["evt-1"]]).encode()


def post(
    issued: Issued, sent: bytes, headers: dict[str, str], path: str = "/v1/events"
) -> tuple[int, dict[str, Any]]:
    client = Client(
        headers={"Authorization": f"Bearer {issued.token}"}, raise_request_exception=False
    )
    answer = client.post(path, sent, content_type="application/json", headers=headers)
    return answer.status_code, json.loads(answer.content)


class TestPost:
    def test_is_taken_if_it_is_signed(self, issued: Issued) -> None:
        sent = body("a", "b")

        status, receipt = post(issued, sent, signature(issued, sent))

        assert (status, receipt["accepted"]) == (202, 2)

    def test_may_be_unsigned_by_a_key_that_does_not_sign(self) -> None:
        callers.party("westcloud", "provider")
        client = callers.client("westcloud")

        answer = client.post("/v1/events", body(), content_type="application/json")

        assert answer.status_code == 202
        assert not SignedRequest.objects.exists()

    def test_is_recorded_once_however_often_it_is_signed_anew(self, issued: Issued) -> None:
        sent, now = body(), datetime.now(UTC)
        post(issued, sent, signature(issued, sent, signed_at=now))

        later = signature(issued, sent, signed_at=now + timedelta(seconds=1))
        status, receipt = post(issued, sent, later)

        assert (status, receipt["accepted"], receipt["duplicates"]) == (202, 0, 1)

    def test_signs_the_body_as_it_is_sent(self, issued: Issued) -> None:
        sent = gzip.compress(body())
        headers = {"Content-Encoding": "gzip"}
        webhook_id, timestamp = "msg_1", str(int(datetime.now(UTC).timestamp()))
        signed = f"{webhook_id}.{timestamp}.".encode() + sent
        headers |= {
            "webhook-id": webhook_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{by_openssl(issued, signed)}",
        }

        status, receipt = post(issued, sent, headers)

        assert (status, receipt["accepted"]) == (202, 1)

    def test_is_not_asked_of_reading(self, issued: Issued) -> None:
        client = Client(headers={"Authorization": f"Bearer {issued.token}"})

        assert client.get("/v1/set-aside").status_code == 200


class TestRefusals:
    @pytest.fixture(autouse=True)
    def _nothing_recorded(self) -> Iterator[None]:
        yield
        assert not EventKey.objects.exists()

    @pytest.mark.parametrize("path", ["/v1/events", "/v1/litellm"])
    def test_answer_401_to_what_is_not_signed(self, issued: Issued, path: str) -> None:
        status, problem = post(issued, body(), {}, path)

        assert (status, problem["type"]) == (401, "/problems/signature-missing")
        assert problem["missing"] == ["webhook-id", "webhook-timestamp", "webhook-signature"]

    def test_answer_401_in_the_words_of_otlp(self, issued: Issued) -> None:
        status, said = post(issued, b'{"resourceSpans": []}', {}, TRACES)

        assert status == 401
        assert "/problems/signature-missing" in said["message"]

    def test_answer_401_to_another_body(self, issued: Issued) -> None:
        status, problem = post(issued, body("b"), signature(issued, body("a")))

        assert (status, problem["type"]) == (401, "/problems/signature-invalid")
        assert not SignedRequest.objects.exists()

    def test_answer_401_to_the_secret_of_another_key(self, issued: Issued) -> None:
        status, problem = post(issued, body(), signature(issue(), body()))

        assert (status, problem["type"]) == (401, "/problems/signature-invalid")

    def test_answer_401_without_blaming_the_key(self, issued: Issued) -> None:
        client = Client(headers={"Authorization": f"Bearer {issued.token}"})

        answer = client.post("/v1/events", body(), content_type="application/json")

        assert answer["WWW-Authenticate"] == 'Bearer realm="clearwatt"'

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_answer_401_to_another_time(self, issued: Issued, minutes: int) -> None:
        signed_at = datetime.now(UTC) + timedelta(minutes=minutes)

        status, problem = post(issued, body(), signature(issued, body(), signed_at=signed_at))

        assert (status, problem["type"]) == (401, "/problems/signature-out-of-time")
        assert problem["tolerance_seconds"] == 300

    def test_answer_413_to_more_than_may_be_signed(self, issued: Issued) -> None:
        status, problem = post(issued, b" " * (MOST_BYTES + 1), signature(issued, b""))

        assert (status, problem["type"]) == (413, "/problems/body-too-large")

    def test_answer_403_before_a_body_is_read(self) -> None:
        issued = issue("books:read")

        status, problem = post(issued, body(), {})

        assert (status, problem["type"]) == (403, "/problems/scope-missing")

    def test_answer_503_when_the_secret_does_not_open(self, issued: Issued, settings: Any) -> None:
        settings.SEALING_KEYS = ["n" * 32]

        status, problem = post(issued, body(), signature(issued, body()))

        assert (status, problem["type"]) == (503, "/problems/secret-unreadable")

    @pytest.mark.parametrize(
        ("scope", "path"),
        [
            ("names:write", "/v1/sources/1/names"),
            ("settlements:approve", "/v1/settlements/1/approve"),
        ],
    )
    def test_answer_401_wherever_something_is_changed(self, scope: str, path: str) -> None:
        status, problem = post(issue(scope), b"[]", {}, path)

        assert (status, problem["type"]) == (401, "/problems/signature-missing")


class TestReplay:
    def test_is_answered_409_and_records_nothing_more(self, issued: Issued) -> None:
        sent = body()
        headers = signature(issued, sent)
        post(issued, sent, headers)

        status, problem = post(issued, sent, headers)

        assert (status, problem["type"]) == (409, "/problems/signature-replayed")
        assert problem["webhook_id"] == "msg_1"
        assert EventKey.objects.count() == 1

    def test_is_none_once_the_first_is_forgotten_and_out_of_time(self, issued: Issued) -> None:
        sent = body()
        then = datetime.now(UTC) - timedelta(minutes=4)
        headers = signature(issued, sent, signed_at=then)
        post(issued, sent, headers)

        assert signing.forget(now=then + timedelta(minutes=10, seconds=1)) == 1

        assert EventKey.objects.count() == 1


def found(program: str) -> None:
    """Go on if the program is there."""
    if shutil.which(program) is None:
        missing(program)


def by_openssl(issued: Issued, signed: bytes) -> str:
    """Return the base64 of an HMAC that openssl makes."""
    found("openssl")
    assert issued.signing_secret is not None
    secret = base64.b64decode(issued.signing_secret.removeprefix("whsec_")).hex()
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{secret}", "-binary"],  # noqa: S607 - found on PATH
        input=signed,
        capture_output=True,
        check=True,
    )
    return base64.b64encode(made.stdout).decode()


class TestExamples:
    """What docs/api.md says to copy, run as it stands there against a server of our own."""

    def snippets(self, language: str) -> list[str]:
        section = API.read_text(encoding="utf-8").partition("### Signing")[2].partition("\n## ")[0]
        return re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)

    def run(self, command: list[str], site: str, tmp_path: Path) -> str:
        issued = issue()
        (tmp_path / "events.json").write_bytes(body("copied"))
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "CLEARWATT": site,
                "KEY": issued.token,
                "SECRET": issued.signing_secret or "",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_work_in_python(self, site: str, tmp_path: Path) -> None:
        (snippet,) = self.snippets("python")

        said = self.run([sys.executable, "-c", snippet], site, tmp_path)

        assert said.startswith("202 ")
        assert EventKey.objects.count() == 1

    def test_work_with_openssl_and_curl(self, site: str, tmp_path: Path) -> None:
        found("openssl")
        found("curl")
        (snippet,) = self.snippets("sh")

        said = self.run(["sh", "-euc", snippet], site, tmp_path)

        assert json.loads(said)["accepted"] == 1
        assert EventKey.objects.count() == 1
