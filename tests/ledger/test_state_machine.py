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
from ledger.rating.rerating.approvals import NothingToRerate
from ledger.usage.corrections import Asked
from ledger.usage.models import Correction, EventKey, UsageBatch
from settlement.audits import EVERY_AUDIT
from settlement.clearing import approvals, calendars, runs
from settlement.clearing.models import Settlement
from settlement.clearing.runs import AlreadySettled, MonthStillOpen
from tests import correcting, factories, rerating
from tests.ledger.drawn import LATE, amounts, changes, events
from tests.settlement import factories as settling
from tests.settlement.factories import NOVEMBER, OCTOBER, user

SEPTEMBER = date(2026, 9, 1)
DECEMBER = date(2026, 12, 1)
BEGIN = datetime(2026, 12, 5, 9, 0, tzinfo=UTC)
STEP = timedelta(hours=2)


class Books(RuleBasedStateMachine):
    """Two agreements among parties, a newcomer, four months; two hours pass with every step."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = transaction.atomic()
        self.whole.__enter__()
        self.now = BEGIN
        self.sent: dict[str, dict[str, Any]] = {}
        self.stated: dict[int, dict[str, Any]] = {}
        self.newcomer_is_known = False
        self.dearer = 0
        self.away: list[str] = []
        self.rows_away = 0

    def teardown(self) -> None:
        """Settle what there is, take in what is late, look once more, and undo everything."""
        try:
            if self.sent and not connection.needs_rollback:
                self.rate(limit=1_000)
                self.apply_corrections()
                self.settle_what_can_be()
                self.time_passes()
                self.record_and_rate(batch=LATE)
                self.apply_corrections()
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

    @rule(final=events, pick=st.integers(0, 999), ahead=st.sampled_from([0, 0, 0, 2]))
    def supersede(self, final: dict[str, Any], pick: int, ahead: int) -> None:
        """Send a final event; what it replaces was sent, or may come in some steps."""
        number = len(self.sent)
        replaced = f"evt-{number + ahead if ahead else pick % number}"
        made = factories.event(f"evt-{number}", **final, supersedes=replaced)

        receipt = factories.record(made, now=self.now)

        assert receipt.accepted == 1
        self.sent[f"evt-{number}"] = made

    # What people ask for

    @rule(pick=st.integers(0, 999))
    def void(self, pick: int) -> None:
        event_id = f"evt-{pick % len(self.sent)}"
        self.ask(correcting.void(event_id, reason=f"for reason {pick % 2}"))

    @rule(pick=st.integers(0, 999), change=changes)
    def amend(self, pick: int, change: dict[str, Any]) -> None:
        event_id = f"evt-{pick % len(self.sent)}"
        id_ = self.ask(correcting.amend(event_id, **change))
        if id_ is not None:
            self.stated[id_] = change

    def ask(self, asked: Asked) -> int | None:
        """Ask for a correction; it is refused if nothing of the event will be left."""
        earlier = Correction.objects.filter(event_id=asked.event_id).exclude(state="refused")
        newest = earlier.order_by("number").last()
        is_known = newest is not None and newest.content_hash == asked.content_hash
        is_gone = earlier.exclude(act="amend").exists()

        (outcome,) = correcting.ask(asked, now=self.now)

        assert (outcome.refusal is not None) == (is_gone and not is_known)
        assert outcome.is_new == (not is_gone and not is_known)
        return outcome.correction_id

    # What workers do

    @rule()
    def apply_corrections(self) -> None:
        correcting.apply(now=self.now)

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

    @rule(
        month=st.sampled_from([9, 10, 11]),
        provider=st.sampled_from([None, "westcloud"]),
        limit=st.sampled_from([1, 2, 1_000]),
    )
    def rerate(self, month: int, provider: str | None, limit: int) -> None:
        """Propose, approve and apply: then there is nothing left to re-rate."""
        of_month = {
            "starts_at": datetime(2026, month, 1, tzinfo=UTC),
            "ends_at": datetime(2026, month + 1, 1, tzinfo=UTC),
            "provider": provider,
        }
        with suppress(NothingToRerate):
            run = rerating.rerate(now=self.now, limit=limit, **of_month)
            assert (run.state, run.outcome) == ("applied", "")
            taken_back = run.claims.aggregate(taken_back=Sum("taken_back"))["taken_back"]
            assert taken_back == run.preview["entries"]
        assert rerating.previewed(**of_month).entries == 0

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
        ids = list(at_hand.filter(kind="usage").values_list("event_id", flat=True))
        rows = at_hand.count()
        with suppress(AlreadyArchived, NothingToArchive, NotReadyToArchive):
            taken = taking.archive_month(
                SEPTEMBER,
                folder=django_settings.CLEARWATT_ARCHIVE,
                by="tests",
                now=self.now,
                drop=drop,
            )
            assert taken.rows == rows
            self.away, self.rows_away = ids, rows

    @precondition(lambda self: self.away)
    @rule()
    def restore_september(self) -> None:
        restored = restoring.restore_month(
            SEPTEMBER, folder=django_settings.CLEARWATT_ARCHIVE, by="tests", now=self.now
        )

        assert restored.rows == self.rows_away
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
        assert not Correction.objects.filter(lack__in=["error", "busy"]).exists()

    @invariant()
    def debits_equal_credits(self) -> None:
        assert all(one == other for one, other in balances.trial_balance().values())

    @invariant()
    def every_event_is_in_one_place(self) -> None:
        entered = [*self.away, *self.entered()]
        aside = list(SetAside.objects.values_list("event_id", flat=True))
        voided = Correction.objects.filter(state="applied", reversed_entry_id=None)
        voided_before = list(voided.exclude(act="amend").values_list("event_id", flat=True))
        waiting = UsageBatch.objects.filter(state="pending").aggregate(events=Sum("events"))
        settled = [*entered, *aside, *voided_before]

        assert EventKey.objects.count() == len(self.sent)
        assert len(settled) == len({*settled})
        assert len(settled) + (waiting["events"] or 0) == len(self.sent)

    @invariant()
    def consumers_hold_the_tokens_of_their_events(self) -> None:
        held: Counter[str] = Counter()
        for event_id in (*self.away, *self.entered()):
            for consumer, tokens in self.standing(event_id):
                held[consumer] += tokens

        for consumer in ("acme", "eastcloud", "newcomer"):
            assert settling.balance(f"consumer:{consumer}:tokens:TOK") == held[consumer]

    def entered(self) -> list[str]:
        """Return the events in the usage journal, as often as they were entered."""
        return list(UsageEntry.objects.filter(kind="usage").values_list("event_id", flat=True))

    def standing(self, event_id: str) -> list[tuple[str, int]]:
        """Return consumer and tokens of an event after all corrections; nothing if it is gone."""
        sent = self.sent[event_id]
        consumer, usage = sent["subject"], sent["data"]["usage"]
        applied = Correction.objects.filter(event_id=event_id, state="applied")
        for correction in applied.order_by("number"):
            if correction.act != "amend":
                return []
            stated = self.stated[correction.pk]
            consumer = stated.get("consumer", consumer)
            usage = stated.get("usage", usage)
        return [(consumer, sum(usage.values()))]

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
