"""Corrections in claims: few queries for many, a failure that holds up nothing, rows that stay."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from ledger import audit
from ledger.books.models import JournalEntry
from ledger.rating import rate, writing
from ledger.rating.corrections import applying, cases
from ledger.usage.models import Correction
from settlement.audits import EVERY_AUDIT
from tests import factories
from tests.correcting import amend, apply, ask, correct, void
from tests.factories import NOW
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

USAGE = {"input": 7, "output": 11}


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    settling.publish()


def use(*events: dict[str, Any]) -> None:
    """Record usage and rate it."""
    factories.record(*events)
    rate.rate_pending(now=NOW)


class TestApplyPending:
    def test_takes_as_many_queries_for_many_corrections_as_for_few(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        use(*(factories.event(f"evt-{number}") for number in range(124)))
        correct(amend("evt-0", usage=USAGE), void("evt-1"))  # prepares what is missing

        for amended, voided in ((range(2, 3), range(3, 4)), (range(4, 64), range(64, 124))):
            ask(*(amend(f"evt-{number}", usage=USAGE) for number in amended))
            ask(*(void(f"evt-{number}") for number in voided))
            with django_assert_num_queries(23):
                done = applying.apply_pending(now=NOW)

        assert done == applying.Applied(applied=120, refused=0, postponed=0)
        assert audit.run(EVERY_AUDIT) == []

    def test_books_many_corrections_of_a_day_in_one_entry(self) -> None:
        use(*(factories.event(f"evt-{number}") for number in range(50)))
        before = JournalEntry.objects.count()

        correct(*(amend(f"evt-{number}", usage=USAGE) for number in range(50)))

        assert JournalEntry.objects.count() == before + 1

    def test_sets_a_correction_that_fails_apart_and_applies_the_others(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use(*(factories.event(f"evt-{number}") for number in range(5)))
        copy = writing.copy_usage_entries

        def stumble(events: Any, *args: Any, **kwargs: Any) -> Any:
            assert "evt-3" not in events.event_id, "something is wrong with this one"
            return copy(events, *args, **kwargs)

        monkeypatch.setattr(writing, "copy_usage_entries", stumble)
        ask(*(void(f"evt-{number}") for number in range(5)))
        done = applying.apply_pending(now=NOW)
        monkeypatch.undo()

        assert done == applying.Applied(applied=4, refused=0, postponed=1)
        failed = Correction.objects.get(state="waiting")
        assert (failed.event_id, failed.lack) == ("evt-3", "error")
        assert "something is wrong with this one" in failed.detail
        assert audit.run(EVERY_AUDIT) == []
        apply(now=NOW + timedelta(hours=2))
        assert settling.balance("consumer:acme:tokens:TOK") == 0

    def test_reads_a_bounded_number_of_batches_in_one_claim(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cases, "MOST_BATCHES", 2)
        for number in range(5):
            use(factories.event(f"evt-{number}"))
        ask(*(void(f"evt-{number}") for number in range(5)))

        assert [done.applied for done in apply()] == [2, 2, 1]


class TestTheDatabase:
    def test_reverses_a_usage_entry_once(self) -> None:
        use(factories.event(), factories.event("evt-2"))
        first, second = correct(void(), void("evt-2"))

        with pytest.raises(IntegrityError, match="reversed_entry_id_uniq"), transaction.atomic():
            tamper(
                f"UPDATE ledger_correction SET reversed_entry_id = {first.reversed_entry_id}"
                f" WHERE id = {second.id}"
            )

    @pytest.mark.parametrize(
        "change",
        ["reason = 'another'", "state = 'waiting'", "decided_at = now()", "row = 7"],
    )
    def test_does_not_change_a_correction_that_was_applied(self, change: str) -> None:
        use(factories.event())
        correct(void())

        refused_by("ledger_correction_content_fixed", f"UPDATE ledger_correction SET {change}")

    @pytest.mark.parametrize(
        "change",
        ["reason = 'another'", "act = 'amend'", "number = 2", "event_id = 'evt-2'"],
    )
    def test_does_not_change_what_was_asked(self, change: str) -> None:
        use(factories.event())
        ask(void())

        refused_by("ledger_correction_content_fixed", f"UPDATE ledger_correction SET {change}")

    @pytest.mark.parametrize("statement", ["DELETE FROM", "TRUNCATE"])
    def test_does_not_forget_a_correction(self, statement: str) -> None:
        use(factories.event())
        ask(void())

        refused_by("ledger_correction_append_only", f"{statement} ledger_correction")


def tamper(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


def refused_by(constraint: str, statement: str) -> None:
    with pytest.raises(IntegrityError) as refused:
        run(statement)
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr] # psycopg's
