import json
from datetime import UTC, datetime

from ledger.usage.formats import cloudevents
from settlement.demo.batches import CONTENT_TYPE, batches
from settlement.demo.generator import Usage, generate

STARTS_AT = datetime(2026, 10, 1, tzinfo=UTC)
ENDS_AT = datetime(2026, 10, 8, tzinfo=UTC)


def week() -> list[Usage]:
    return generate(starts_at=STARTS_AT, ends_at=ENDS_AT, events=1_000)


class TestBatches:
    def test_hold_every_event_once_and_are_of_one_provider_each(self) -> None:
        usage = week()
        provider_of = {one.event_id: one.flow.provider for one in usage}

        posted = [
            (one.provider, event["id"])
            for one in batches(usage, size=70)
            for event in json.loads(one.body)
        ]

        assert sorted(posted) == sorted((provider, id_) for id_, provider in provider_of.items())

    def test_are_no_larger_than_asked_and_know_their_size(self) -> None:
        made = batches(week(), size=70)

        assert [one.events for one in made] == [len(json.loads(one.body)) for one in made]
        assert max(one.events for one in made) == 70

    def test_are_what_the_intake_reads(self) -> None:
        usage = week()
        by_id = {one.event_id: one for one in usage}

        for one in batches(usage):
            decoded = cloudevents.decode(one.body, content_type=CONTENT_TYPE, limit=10_000)
            assert decoded.refusals == []
            for record in decoded.records:
                sent = by_id[record.event_id]
                assert record.occurred_at == sent.occurred_at
                assert record.consumer == sent.flow.consumer
                assert sum(record.counts) == sum(sent.counts.values())
