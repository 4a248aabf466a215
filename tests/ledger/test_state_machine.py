"""Anything in any order: after every step the books balance and no audit finds a thing."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger import audit
from ledger.books import balances, journal
from ledger.books.entries import reversed_postings
from ledger.books.models import JournalEntry, Period, Posting
from ledger.books.periods import PeriodAlreadyClosed
from ledger.pricing import catalogue
from ledger.rating import rate
from ledger.rating.archive import restoring, taking
from ledger.rating.archive.taking import AlreadyArchived, NothingToArchive, NotReadyToArchive
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import EventKey, UsageBatch
from settlement.audits import EVERY_AUDIT
from settlement.clearing import approvals, calendars, runs
from settlement.clearing.models import Settlement
from settlement.clearing.runs import AlreadySettled, MonthStillOpen
from tests import factories
from tests.settlement import factories as settling
from tests.settlement.factories import NOVEMBER, OCTOBER, user

SEPTEMBER = date(2026, 9, 1)
DECEMBER = date(2026, 12, 1)
BEGIN = datetime(2026, 12, 5, 9, 0, tzinfo=UTC)
STEP = timedelta(hours=2)

times = st.sampled_from(
    [
        datetime(2026, month, day, 15, minute, tzinfo=UTC)
        for month in (10, 11)
        for day in (1, 15)
        for minute in (29, 59)
    ]
    + [datetime(2026, 10, 31, 16, 0, tzinfo=UTC)]  # November begins in Shanghai
)
counts = st.fixed_dictionaries(
    {"input": st.integers(0, 3_000)},
    optional={"cache_read": st.integers(0, 9), "output": st.integers(0, 10**9)},
)
events = st.fixed_dictionaries(
    {
        "consumer": st.sampled_from(["acme", "acme", "eastcloud", "newcomer", "nobody"]),
        "occurred_at": st.none() | times,
        "usage": counts,
        "project": st.sampled_from(["", "chat"]),
    }
)
LATE = [
    {"consumer": consumer, "occurred_at": datetime(2026, 10, 9, tzinfo=UTC), "usage": {"input": 7}}
    for consumer in ("acme", "newcomer")
]
amounts = st.decimals("-99", "99", places=12).filter(bool)


class Books(RuleBasedStateMachine):
    """Two agreements among parties, a newcomer, four months; two hours pass with every step."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = transaction.atomic()
        self.whole.__enter__()
        self.now = BEGIN
        self.sent: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, tuple[str, int]] = {}
        self.newcomer_is_known = False
        self.dearer = 0
        self.away: list[str] = []

    def teardown(self) -> None:
        """Settle what there is, take in what is late, look once more, and undo everything."""
        try:
            if self.sent and not connection.needs_rollback:
                self.rate(limit=1_000)
                self.settle_what_can_be()
                self.time_passes()
                self.record_and_rate(batch=LATE)
                self.no_audit_finds_a_thing()
                self.no_claim_failed()
                self.debits_equal_credits()
                self.every_event_is_in_one_place()
                self.consumers_hold_the_tokens_of_their_events()
        finally:
            transaction.set_rollback(True)
            self.whole.__exit__(None, None, None)

    @initialize(batch=st.lists(events, min_size=3, max_size=5))
    def begin(self, batch: list[dict[str, Any]]) -> None:
        settling.publish()
        self.record(batch)
        self.rate(limit=1_000)

    # What providers send

    @rule(batch=st.lists(events, min_size=1, max_size=5))
    def record(self, batch: list[dict[str, Any]]) -> None:
        sent = {f"evt-{len(self.sent) + number}": one for number, one in enumerate(batch)}
        made = {id_: factories.event(id_, **one) for id_, one in sent.items()}

        receipt = factories.record(*made.values(), now=self.now)

        assert (receipt.accepted, receipt.items) == (len(batch), [])
        self.sent |= made
        self.tokens |= {
            id_: (one["consumer"], sum(one["usage"].values())) for id_, one in sent.items()
        }

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 999), data=st.data())
    def send_again(self, pick: int, data: st.DataObject) -> None:
        event = list(self.sent.values())[pick % len(self.sent)]
        usage = event["data"]["usage"]
        more = {**event["data"], "usage": {**usage, "output": usage.get("output", 0) + 1}}
        again = data.draw(st.permutations([event, {**event, "data": more}, event]))

        receipt = factories.record(*again, now=self.now)

        assert (receipt.batch_id, receipt.accepted) == (None, 0)
        assert (receipt.count("duplicate"), receipt.count("conflict")) == (2, 1)

    # What workers do

    @rule(limit=st.sampled_from([1, 3, 1_000]))
    def rate(self, limit: int) -> None:
        waited = UsageBatch.objects.filter(state="pending").exists()

        rated = rate.rate_pending(now=self.now, limit=limit)

        assert (rated is not None) == waited

    @rule()
    def retry(self) -> None:
        rate.retry_set_aside(now=self.now)

    # What operators do

    @precondition(lambda self: not self.newcomer_is_known)
    @rule()
    def publish_what_is_missing(self) -> None:
        factories.publish_newcomer()
        self.newcomer_is_known = True

    @precondition(lambda self: self.dearer < 3)
    @rule(month=st.sampled_from([10, 11]))
    def publish_a_dearer_rate(self, month: int) -> None:
        self.dearer += 1
        (card,) = factories.catalogue()["rate_card_versions"]
        terms = {"kind": "cost_plus", "margin": f"0.{self.dearer + 2}"}
        dearer = {**card, "valid_from": f"2026-{month}-15T00:00:00Z", "terms": terms}
        catalogue.publish({"rate_card_versions": [dearer]}, now=self.now, published_by="tests")

    @rule(amount=amounts, fee=amounts, agreement=st.sampled_from(settling.AGREEMENTS))
    def correct(self, amount: Decimal, fee: Decimal, agreement: str) -> None:
        settling.post(agreement, price=f"{amount}", fee_provider=f"{fee}", day=self.open_day())

    @rule(pick=st.integers(0, 999))
    def reverse(self, pick: int) -> None:
        manual = JournalEntry.objects.filter(kind="manual", reversed_by=None).order_by("id")
        if not manual:
            return
        entry = manual[pick % len(manual)]
        day = self.open_day()
        period, _ = Period.objects.get_or_create(
            agreement=entry.agreement, starts_on=day, defaults={"ends_on": after(day)}
        )

        reversal = journal.reverse(
            entry.id, accounting_date=day, narrative="", period_id=period.pk, now=self.now
        )

        postings = posted(entry.id)
        assert posted(reversal) == dict(reversed_postings(tuple(postings.items())))

    @rule(month=st.sampled_from([OCTOBER, NOVEMBER]))
    def close(self, month: date) -> None:
        maker = user("maker")
        for one in (SEPTEMBER, OCTOBER, month):
            with suppress(PeriodAlreadyClosed):
                calendars.close_month(starts_on=one, user=maker, now=self.now, despite_waiting=True)
        assert not Period.objects.filter(starts_on__lte=month, state="open").exists()

    @rule(month=st.sampled_from([OCTOBER, NOVEMBER]))
    def settle(self, month: date) -> None:
        maker, checker = user("maker"), user("checker")
        if Period.objects.filter(starts_on__lte=month, state="open").exists():
            with pytest.raises(MonthStillOpen):
                runs.calculate(starts_on=month, user=maker, now=self.now)
        elif Settlement.objects.filter(starts_on=month, state="approved").exists():
            with pytest.raises(AlreadySettled):
                runs.calculate(starts_on=month, user=maker, now=self.now)
        else:
            for one in runs.calculate(starts_on=month, user=maker, now=self.now):
                approvals.approve(settlement_id=one.pk, user=checker, now=self.now)

    @rule()
    def settle_what_can_be(self) -> None:
        self.close(month=NOVEMBER)
        for month in (OCTOBER, NOVEMBER):
            self.settle(month=month)

    @rule(batch=st.lists(events, min_size=1, max_size=3), drop=st.booleans())
    def use_and_archive_september(self, batch: list[dict[str, Any]], drop: bool) -> None:
        of_september = {"consumer": "acme", "occurred_at": datetime(2026, 9, 9, 3, tzinfo=UTC)}
        if not Period.objects.filter(starts_on=SEPTEMBER, state="closed").exists():
            # Later it would be booked in a month that may stay open.
            self.record_and_rate(batch=[one | of_september for one in batch])
        with suppress(PeriodAlreadyClosed):
            calendars.close_month(
                starts_on=SEPTEMBER, user=user("maker"), now=self.now, despite_waiting=True
            )
        at_hand = UsageEntry.objects.filter(occurred_at__lt=datetime(2026, 10, 1, tzinfo=UTC))
        ids = list(at_hand.values_list("event_id", flat=True))
        with suppress(AlreadyArchived, NothingToArchive, NotReadyToArchive):
            taken = taking.archive_month(
                SEPTEMBER,
                folder=django_settings.CLEARWATT_ARCHIVE,
                by="tests",
                now=self.now,
                drop=drop,
            )
            assert taken.rows == len(ids)
            self.away = ids

    @precondition(lambda self: self.away)
    @rule()
    def restore_september(self) -> None:
        restored = restoring.restore_month(
            SEPTEMBER, folder=django_settings.CLEARWATT_ARCHIVE, by="tests", now=self.now
        )

        assert restored.rows == len(self.away)
        self.away = []
        rate.retry_set_aside(now=self.now)
        assert not SetAside.objects.filter(reason="month_archived").exists()

    @rule()
    def come_late_for_september(self) -> None:
        self.record_and_rate(
            batch=[{**LATE[0], "occurred_at": datetime(2026, 9, 9, 3, tzinfo=UTC)}]
        )

    @rule(batch=st.lists(events, min_size=1, max_size=3))
    def record_and_rate(self, batch: list[dict[str, Any]]) -> None:
        self.record(batch)
        self.rate(limit=1_000)

    # What holds at all times

    @invariant()
    def time_passes(self) -> None:
        self.now += STEP

    @invariant()
    def no_audit_finds_a_thing(self) -> None:
        assert audit.run(EVERY_AUDIT) == []

    @invariant()
    def no_claim_failed(self) -> None:
        assert not UsageBatch.objects.exclude(attempts=0).exists()
        assert not SetAside.objects.filter(reason="error").exists()

    @invariant()
    def debits_equal_credits(self) -> None:
        assert all(one == other for one, other in balances.trial_balance().values())

    @invariant()
    def every_event_is_in_one_place(self) -> None:
        entered = [*self.away, *UsageEntry.objects.values_list("event_id", flat=True)]
        aside = list(SetAside.objects.values_list("event_id", flat=True))
        waiting = UsageBatch.objects.filter(state="pending").aggregate(events=Sum("events"))

        assert EventKey.objects.count() == len(self.sent)
        assert len(entered) == len({*entered})
        assert len({*entered, *aside}) + (waiting["events"] or 0) == len(self.sent)
        assert not {*entered} & {*aside}

    @invariant()
    def consumers_hold_the_tokens_of_their_events(self) -> None:
        held: Counter[str] = Counter()
        for event_id in (*self.away, *UsageEntry.objects.values_list("event_id", flat=True)):
            consumer, tokens = self.tokens[event_id]
            held[consumer] += tokens

        for consumer in ("acme", "eastcloud", "newcomer"):
            assert settling.balance(f"consumer:{consumer}:tokens:TOK") == held[consumer]

    def open_day(self) -> date:
        """Return the first day of the first month that is open for everybody."""
        closed = Period.objects.filter(state="closed").values_list("starts_on", flat=True)
        return next(day for day in (OCTOBER, NOVEMBER, DECEMBER) if day not in closed)


def after(month: date) -> date:
    """Return the first day of the month after."""
    return (month + timedelta(days=31)).replace(day=1)


def posted(entry_id: int) -> dict[str, Decimal]:
    """Return what an entry posts, by account code."""
    postings = Posting.objects.filter(entry_id=entry_id).annotate(code=F("account__code"))
    return dict(postings.values_list("code", "amount"))


@pytest.mark.django_db
class TestAnythingInAnyOrder:
    def test_leaves_the_books_in_order(self) -> None:
        run_state_machine_as_test(
            Books,
            settings=settings(
                max_examples=14,
                stateful_step_count=15,
                derandomize=True,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # what fails is told at once, if not in the fewest steps
                suppress_health_check=list(HealthCheck),
            ),
        )
