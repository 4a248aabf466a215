"""What fails while rating, and that it holds up nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from ledger import audit
from ledger.rating import partitions, rate, valuation
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import UsageBatch
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


def poison(monkeypatch: pytest.MonkeyPatch, event_id: str) -> None:
    """Let pricing fail whenever this event is among those to price."""
    wanted = valuation.value

    def poisoned(events: Any, **kwargs: Any) -> Any:
        if event_id in events.event_id:
            raise ZeroDivisionError("poison")
        return wanted(events, **kwargs)

    monkeypatch.setattr(rate, "value", poisoned)


class TestFailures:
    def test_a_poisoned_row_ends_as_set_aside_and_the_others_are_entered(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        factories.record(*(factories.event(f"evt-{number}") for number in range(8)))
        factories.record(factories.event("bystander"))
        poison(monkeypatch, "evt-5")

        for second in range(4):
            rate.rate_pending(now=NOW + timedelta(seconds=second))

        aside = SetAside.objects.get()
        assert (aside.event_id, aside.reason) == ("evt-5", "error")
        assert UsageEntry.objects.count() == 8
        assert not UsageBatch.objects.filter(state="pending").exists()
        assert audit.run() == []

    def test_a_poisoned_row_does_not_keep_the_others_aside(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        factories.record(factories.event("evt-5"), factories.event("later", consumer="newcomer"))
        poison(monkeypatch, "evt-5")
        for second in range(3):
            rate.rate_pending(now=NOW + timedelta(seconds=second))
        factories.publish_newcomer()

        for hour in (2, 4):
            rate.retry_set_aside(now=NOW + timedelta(hours=hour))

        assert UsageEntry.objects.get().event_id == "later"
        aside = SetAside.objects.get()
        assert (aside.event_id, aside.reason, aside.attempts) == ("evt-5", "error", 3)
        assert audit.run() == []

    def test_a_batch_that_cannot_be_read_is_tried_less_and_less_often(self) -> None:
        factories.record(factories.event("spoiled"))
        factories.record(factories.event("even"))
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "UPDATE ledger_usage_batch SET payload = 'no arrow' "
                "WHERE id = (SELECT min(id) FROM ledger_usage_batch)"
            )
            cursor.execute("SET session_replication_role = origin")

        for second in range(10):
            rate.rate_pending(now=NOW + timedelta(seconds=second))

        assert UsageEntry.objects.get().event_id == "even"
        spoiled = UsageBatch.objects.get(state="pending")
        assert spoiled.attempts == 2
        assert spoiled.next_attempt_at > NOW + timedelta(seconds=60)

    def test_what_cannot_be_prepared_holds_up_nobody_else(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        factories.record(factories.event("unpreparable"), factories.event("even"))
        factories.record(factories.event("bystander"))
        rate.rate_pending(now=NOW)
        factories.record(
            factories.event("odd", occurred_at=datetime(2026, 9, 1, 4, tzinfo=UTC)),
            factories.event("good"),
        )

        def no_september(months: Any) -> None:
            assert all(month.month != 9 for month in months), "September is archived"
            partitions_add(months)

        partitions_add = partitions.add
        monkeypatch.setattr(partitions, "add", no_september)

        for minute in range(8):
            rate.rate_pending(now=NOW + timedelta(minutes=minute))

        aside = SetAside.objects.get()
        assert (aside.event_id, aside.reason) == ("odd", "error")
        assert UsageEntry.objects.filter(event_id="good").exists()
        assert not UsageBatch.objects.filter(state="pending").exists()
        assert audit.run() == []
