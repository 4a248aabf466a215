"""Events whose counts contradict themselves: recorded, never priced, shown with both readings."""

import json

import pytest

from ledger import audit
from ledger.parties.models import Party
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage import intake
from ledger.usage.columns import Finding, Record
from ledger.usage.formats.decoding import Decoded
from ledger.usage.models import EventKey
from tests import factories

pytestmark = pytest.mark.django_db

FINDING = Finding(
    rule="cache_exceeds_input",
    detail="56322 input tokens cannot contain 72960 cached ones",
    readings={"inside": {"input": -16_638}, "beside": {"input": 56_322}},
    said='{"prompt_tokens":56322}',
)


def contradicting(event_id: str = "odd", said: str = FINDING.said) -> Record:
    """Return a record whose counts nobody can believe."""
    finding = Finding(FINDING.rule, FINDING.detail, FINDING.readings, said)
    return Record(
        0,
        factories.SOURCE,
        event_id,
        factories.OCCURRED_AT,
        "acme",
        "",
        "qwen",
        (0,) * 9,
        "complete",
        finding=finding,
    )


def post(*records: Record) -> intake.Receipt:
    provider = Party.objects.get(code="westcloud")
    return intake.record(
        provider_id=provider.id,
        decoded=Decoded(records=list(records), refusals=[]),
        now=factories.NOW,
    )


class TestQuarantine:
    def test_keeps_an_event_without_a_price_and_shows_both_readings(self) -> None:
        factories.publish()
        post(contradicting())

        rate.rate_pending(now=factories.NOW)

        aside = SetAside.objects.get()
        assert (aside.reason, aside.missing) == ("counts_contradict", "event:odd")
        assert json.loads(aside.detail) == {
            "rule": "cache_exceeds_input",
            "detail": "56322 input tokens cannot contain 72960 cached ones",
            "readings": {"inside": {"input": -16_638}, "beside": {"input": 56_322}},
        }
        assert not UsageEntry.objects.exists()
        assert audit.run() == []

    def test_is_not_tried_again_by_itself(self) -> None:
        factories.publish()
        post(contradicting())
        rate.rate_pending(now=factories.NOW)

        assert rate.retry_set_aside(now=factories.NOW.replace(year=2030)) is None

    def test_recognises_a_retry_by_what_was_said_and_not_by_what_we_found(self) -> None:
        factories.publish()
        post(contradicting())

        again = post(contradicting())
        other = post(contradicting(said='{"prompt_tokens":1}'))

        assert [item.status for item in again.items] == ["duplicate"]
        assert [item.status for item in other.items] == ["conflict"]
        assert EventKey.objects.count() == 1
