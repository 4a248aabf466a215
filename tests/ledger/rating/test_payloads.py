"""Payloads are dropped when they are old and nothing is rated from them any more."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from ledger import audit, tasks
from ledger.rating import payloads, rate
from ledger.rating.models import SetAside
from ledger.usage.models import UsageBatch
from settlement.audits import EVERY_AUDIT
from tests import factories
from tests.correcting import amend, correct
from tests.factories import NOW
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(seconds=1)


def kept() -> list[int]:
    """Return the batches that have their payload, by id."""
    with_payload = UsageBatch.objects.exclude(payload=None).order_by("id")
    return list(with_payload.values_list("id", flat=True))


def batch(event_id: str, consumer: str = "acme") -> int:
    """Record a batch of one event and return its id."""
    receipt = factories.record(factories.event(event_id, consumer=consumer))
    assert receipt.batch_id is not None
    return receipt.batch_id


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    settling.publish()


class TestDrop:
    def test_empties_what_was_rated_before_then(self) -> None:
        batch("old")
        rate.rate_pending(now=NOW)
        new = batch("new")
        rate.rate_pending(now=SOON)

        assert payloads.drop(rated_before=SOON) == 1

        assert kept() == [new]
        assert audit.run(EVERY_AUDIT) == []

    def test_leaves_what_waits_and_what_is_set_aside(self) -> None:
        aside = batch("aside", consumer="newcomer")
        rate.rate_pending(now=NOW)
        waiting = batch("waiting")

        assert payloads.drop(rated_before=SOON + timedelta(days=1)) == 0

        assert kept() == [aside, waiting]

    def test_empties_what_was_set_aside_once_it_is_rated(self) -> None:
        batch("aside", consumer="newcomer")
        rate.rate_pending(now=NOW)
        factories.publish_newcomer()
        rate.retry_set_aside(now=NOW)

        assert payloads.drop(rated_before=SOON) == 1

        assert kept() == []
        assert not SetAside.objects.exists()
        assert audit.run(EVERY_AUDIT) == []

    def test_leaves_what_was_amended_before_it_was_entered(self) -> None:
        amended = batch("aside", consumer="newcomer")
        rate.rate_pending(now=NOW)
        correct(amend("aside", consumer="acme"))

        assert payloads.drop(rated_before=SOON) == 0

        assert kept() == [amended]
        with pytest.raises(IntegrityError, match="held against it"), transaction.atomic():
            UsageBatch.objects.update(payload=None)

    def test_takes_any_number_some_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(payloads, "BATCHES_AT_ONCE", 2)
        for number in range(5):
            batch(f"evt-{number}")
        rate.rate_pending(now=NOW)

        assert payloads.drop(rated_before=SOON) == 5

        assert kept() == []

    def test_leaves_duplicates_known(self) -> None:
        batch("old")
        rate.rate_pending(now=NOW)
        payloads.drop(rated_before=SOON)

        again = factories.record(factories.event("old"))
        other = factories.record(factories.event("old", usage={"input": 1}))

        assert (again.count("duplicate"), other.count("conflict")) == (1, 1)


class TestTheDatabase:
    @pytest.mark.parametrize("consumer", ["acme", "newcomer"])
    def test_refuses_to_drop_what_something_is_rated_from(self, consumer: str) -> None:
        batch("needed", consumer=consumer)
        if consumer == "newcomer":
            rate.rate_pending(now=NOW)

        with (
            pytest.raises(IntegrityError, match="is still rated from its payload"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE ledger_usage_batch SET payload = NULL")

        assert len(kept()) == 1


class TestByTheClock:
    @pytest.mark.parametrize(("days", "left"), [(None, 1), (100_000, 1), (0, 0)])
    def test_happens_after_as_many_days_as_the_settings_say(
        self, days: int | None, left: int, settings: Settings
    ) -> None:
        settings.CLEARWATT_KEEP_PAYLOADS_DAYS = days
        batch("old")
        rate.rate_pending(now=NOW)
        # The task looks at the clock, which may be behind that of these tests.
        UsageBatch.objects.update(rated_at="2020-01-01T00:00:00Z")

        tasks.drop_payloads()

        assert len(kept()) == left


class TestTheCommand:
    def test_says_how_many_it_emptied(self) -> None:
        batch("old")
        rate.rate_pending(now=NOW)
        UsageBatch.objects.update(rated_at="2020-01-01T00:00:00Z")
        said = StringIO()

        call_command("drop_payloads", "--older-than", "30", stdout=said)

        assert said.getvalue() == "1 batches are without their payload now\n"

    def test_does_nothing_unless_it_is_told_how_old(self) -> None:
        batch("old")
        rate.rate_pending(now=NOW)

        with pytest.raises(CommandError, match="how many days"):
            call_command("drop_payloads")

        assert len(kept()) == 1
