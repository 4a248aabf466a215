"""The general journal: what it writes, what it refuses, what the database refuses beneath it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.books import accounts, balances, journal
from ledger.books.entries import Draft, DraftOutOfBalance
from ledger.books.journal import AlreadyPosted, NoSuchEntry
from ledger.books.models import JournalEntry, Posting
from ledger.constraints import (
    AppendOnly,
    EntryAlreadyRecorded,
    EntryOutOfBalance,
    PostingAmountInvalid,
    refusal,
)

NOW = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
DAY = date(2026, 10, 5)
CASH = "platform:cash:bank:CNY"
FEES = "platform:fees:CNY"

pytestmark = pytest.mark.django_db


def draft(
    amount: str = "5.000000000001", *, reference: str | None = None, day: date = DAY
) -> Draft:
    return Draft(
        kind="manual",
        accounting_date=day,
        narrative="Fee taken in cash",
        postings=((CASH, Decimal(amount)), (FEES, -Decimal(amount))),
        reference=reference,
    )


class TestPost:
    def test_writes_entry_postings_and_balances(self) -> None:
        (entry_id,) = journal.post([draft()], now=NOW)

        postings = Posting.objects.filter(entry=entry_id).order_by("id")
        assert [(one.account.code, one.amount) for one in postings] == [
            (CASH, Decimal("5.000000000001")),
            (FEES, Decimal("-5.000000000001")),
        ]
        ids = accounts.ids([CASH, FEES])
        assert balances.balance(ids[CASH]) == Decimal("5.000000000001")
        assert balances.balance(ids[FEES]) == Decimal("-5.000000000001")

    def test_adds_up_days_and_keeps_them_apart(self) -> None:
        journal.post([draft("5"), draft("7"), draft("11", day=date(2026, 10, 6))], now=NOW)

        cash = accounts.ids([CASH])[CASH]
        assert balances.balance(cash, as_of=date(2026, 10, 4)) == 0
        assert balances.balance(cash, as_of=DAY) == 12
        assert balances.balance(cash) == 23
        assert balances.turnover(cash, starts_on=date(2026, 10, 6), ends_on=None) == (
            Decimal(11),
            Decimal(0),
        )
        assert balances.trial_balance() == {"CNY": (Decimal(23), Decimal(23))}

    def test_takes_the_same_number_of_statements_for_one_draft_and_for_fifty(
        self, django_assert_num_queries: object
    ) -> None:
        journal.post([draft()], now=NOW)

        with django_assert_num_queries(5):  # type: ignore[operator]
            journal.post([draft() for _ in range(50)], now=NOW)

    def test_refuses_an_unbalanced_draft_and_writes_nothing_of_the_others(self) -> None:
        bad = Draft("manual", DAY, "Half an entry", ((CASH, Decimal(1)),))

        with pytest.raises(DraftOutOfBalance):
            journal.post([draft(), bad], now=NOW)

        assert not JournalEntry.objects.exists()

    def test_refuses_a_reference_that_is_in_the_journal(self) -> None:
        journal.post([draft(reference="fee:1")], now=NOW)

        with pytest.raises(AlreadyPosted), transaction.atomic():
            journal.post([draft(reference="fee:1")], now=NOW)

        assert JournalEntry.objects.count() == 1


class TestReverse:
    def test_posts_the_mirror_image_and_brings_balances_to_zero(self) -> None:
        (entry_id,) = journal.post([draft()], now=NOW)

        reversal_id = journal.reverse(
            entry_id, accounting_date=DAY, narrative="Taken back", period_id=None, now=NOW
        )

        assert JournalEntry.objects.get(id=reversal_id).reverses_id == entry_id
        assert [balances.balance(id_) for id_ in accounts.ids([CASH, FEES]).values()] == [0, 0]

    def test_refuses_to_reverse_twice(self) -> None:
        (entry_id,) = journal.post([draft()], now=NOW)
        journal.reverse(entry_id, accounting_date=DAY, narrative="Once", period_id=None, now=NOW)

        with pytest.raises(AlreadyPosted), transaction.atomic():
            journal.reverse(
                entry_id, accounting_date=DAY, narrative="Twice", period_id=None, now=NOW
            )

        assert JournalEntry.objects.count() == 2

    def test_refuses_an_entry_that_is_not_there(self) -> None:
        with pytest.raises(NoSuchEntry):
            journal.reverse(
                404_404_404, accounting_date=DAY, narrative="?", period_id=None, now=NOW
            )


def refused(sql: str, parameters: dict[str, Any] | None = None) -> object:
    """Run a statement that must be refused, and return the domain error behind the refusal."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            cursor.execute(sql, parameters)
    return refusal(error.value)


ENTRY = """
    INSERT INTO ledger_journal_entry (kind, accounting_date, prior_period, recorded_at, narrative)
    VALUES ('manual', '2026-10-05', false, now(), 'behind the journal') RETURNING id
"""


class TestTheDatabase:
    """Attacks with plain SQL, as a colleague with a console might."""

    @pytest.fixture
    def entry_id(self) -> int:
        return journal.post([draft()], now=NOW)[0]

    def test_refuses_an_entry_out_of_balance(self) -> None:
        ids = accounts.ensure([CASH, FEES])

        error = refused(
            f"""
            WITH entry AS ({ENTRY})
            INSERT INTO ledger_posting (entry_id, account_id, amount)
            SELECT id, unnest(ARRAY[{ids[CASH]}, {ids[FEES]}]), unnest(ARRAY[5, -4]) FROM entry
            """
        )

        assert isinstance(error, EntryOutOfBalance)
        assert "1" in error.detail
        assert not Posting.objects.exists()

    def test_refuses_commodities_that_balance_only_together(self) -> None:
        ids = accounts.ensure([CASH, "platform:fees:USD"])

        error = refused(
            f"""
            WITH entry AS ({ENTRY})
            INSERT INTO ledger_posting (entry_id, account_id, amount)
            SELECT id, unnest(ARRAY[{", ".join(str(id_) for id_ in ids.values())}]),
                   unnest(ARRAY[5, -5])
            FROM entry
            """
        )

        assert isinstance(error, EntryOutOfBalance)

    def test_refuses_a_balanced_pair_added_to_an_entry_of_the_past(self) -> None:
        ids = accounts.ensure([CASH, FEES, "platform:rounding:CNY", "platform:cash:other:CNY"])
        with connection.cursor() as cursor:
            # The same transaction counts as the present; let the entry be of an earlier one.
            cursor.execute(
                "INSERT INTO ledger_journal_entry (kind, accounting_date, prior_period, "
                "recorded_at, narrative, xact) VALUES ('manual', '2026-10-05', false, now(), "
                "'old', '3'::xid8) RETURNING id"
            )
            (entry_id,) = cursor.fetchone()

        error = refused(
            "INSERT INTO ledger_posting (entry_id, account_id, amount) "
            "SELECT %(entry)s, unnest(%(accounts)s::bigint[]), unnest(ARRAY[5, -5])",
            {"entry": entry_id, "accounts": [ids[CASH], ids[FEES]]},
        )

        assert isinstance(error, EntryAlreadyRecorded)

    @pytest.mark.parametrize("amounts", ["0", "'NaN'::numeric"])
    def test_refuses_a_posting_of_zero_or_nan(self, amounts: str) -> None:
        ids = accounts.ensure([CASH])

        error = refused(
            f"""
            WITH entry AS ({ENTRY})
            INSERT INTO ledger_posting (entry_id, account_id, amount)
            SELECT id, {ids[CASH]}, {amounts} FROM entry
            """
        )

        assert isinstance(error, PostingAmountInvalid)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_posting SET amount = amount * 2",
            "DELETE FROM ledger_posting",
            "TRUNCATE ledger_posting",
            "UPDATE ledger_journal_entry SET narrative = 'something else'",
            "DELETE FROM ledger_journal_entry",
            "TRUNCATE ledger_journal_entry CASCADE",
            "UPDATE ledger_account SET code = code",
            "DELETE FROM ledger_event_key",
            "TRUNCATE ledger_event_key",
            "UPDATE ledger_event_key SET batch_id = 0",
            "UPDATE ledger_site_pue SET pue = 1",
            "DELETE FROM ledger_tariff_version",
            "UPDATE ledger_price_rate SET price = compute",
            "TRUNCATE ledger_slot_rate CASCADE",
            "DELETE FROM ledger_usage_batch",
            "TRUNCATE ledger_usage_entry",
        ],
    )
    def test_refuses_to_change_what_is_written(self, entry_id: int, statement: str) -> None:
        error = refused(statement)

        assert isinstance(error, AppendOnly), statement
        assert Posting.objects.filter(entry=entry_id).count() == 2
