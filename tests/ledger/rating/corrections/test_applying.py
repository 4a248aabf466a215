"""Void, amend, supersede: the original stays, and what is booked sums to what is to stand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum

from ledger import audit
from ledger.books.models import Account, Balance, JournalEntry
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry, UsageRollup
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.models import Correction, UsageBatch
from settlement.audits import EVERY_AUDIT
from settlement.clearing import calendars
from tests import factories
from tests.correcting import amend, apply, ask, correct, void
from tests.factories import NOW
from tests.ledger.rating.test_quarantine import contradicting, post
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

USAGE = {"input": 7, "output": 11}


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    settling.publish()


def use(*events: dict[str, Any], now: datetime = NOW) -> None:
    """Record usage and rate it."""
    factories.record(*events, now=now)
    rate.rate_pending(now=now)


def balances() -> dict[str, Decimal]:
    """Return what stands on every account, but for those where nothing does."""
    codes = dict(Account.objects.values_list("id", "code"))
    sums = Balance.objects.values_list("account").annotate(Sum("debits"), Sum("credits"))
    found = {codes[account]: debits - credits_ for account, debits, credits_ in sums}
    return {code: amount for code, amount in found.items() if amount}


def rollup() -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the sums of hours in which anything is left."""
    rows: list[Any] = list(UsageRollup.objects.values())
    keys = ("hour", "consumer_id", "project", "deployment_id", "currency")
    return {tuple(row[key] for key in keys): row for row in rows if row["events"]}


def as_if_posted(*events: dict[str, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
    """Return the balances and sums of books in which these events are all that ever was."""
    with transaction.atomic():
        use(*events)
        stands = balances(), rollup()
        transaction.set_rollback(True)
    rate._mine.__dict__.clear()  # it remembers rates that are gone now
    return stands


def entries(event_id: str) -> list[tuple[str, int | None]]:
    """Return kind and what is corrected of an event's usage entries, as they were entered."""
    rows = UsageEntry.objects.filter(event_id=event_id).order_by("id")
    return list(rows.values_list("kind", "corrects_id"))


def written() -> tuple[int, ...]:
    """Count what a correction might write."""
    return (
        UsageEntry.objects.count(),
        JournalEntry.objects.count(),
        Correction.objects.exclude(state="waiting").count(),
    )


class TestVoid:
    def test_leaves_the_books_as_if_the_event_had_never_been(self) -> None:
        expected = as_if_posted(factories.event("kept"))
        use(factories.event("kept"), factories.event())

        (correction,) = correct(void())

        (original,) = UsageEntry.objects.filter(event_id="evt-1", kind="usage")
        (reversal,) = UsageEntry.objects.filter(event_id="evt-1", kind="reversal")
        assert (correction.state, correction.outcome) == ("applied", "")
        assert correction.reversed_entry_id == original.id == reversal.corrects_id
        assert correction.reversal_entry_id == reversal.id
        assert correction.replacement_entry_id is None
        assert reversal.occurred_at == factories.OCCURRED_AT
        assert [getattr(reversal, name) for name in TOKEN_CLASSES] == [
            -getattr(original, name) for name in TOKEN_CLASSES
        ]
        assert (balances(), rollup()) == expected
        assert audit.run(EVERY_AUDIT) == []

    def test_is_told_in_the_general_journal(self) -> None:
        use(factories.event())

        correct(void())

        entry = JournalEntry.objects.order_by("id").last()
        assert entry is not None
        assert (entry.kind, entry.narrative) == ("usage", "Correction of usage of westcloud-acme")
        assert (entry.accounting_date, entry.prior_period) == (settling.DAY, False)

    def test_keeps_what_the_source_wrote_of_the_event(self) -> None:
        attributes = {"text": "é\n", "third": 1 / 3, "large": 1e23, "list": [1.0, None]}
        use(factories.event(project="chat", status="partial", attributes=attributes))

        correct(void())

        columns = ("project", "status", "attributes", "batch_id", "row", "source_id")
        original, reversal = UsageEntry.objects.order_by("id").values(*columns)
        assert original == reversal

    def test_books_nothing_where_the_event_was_set_aside(self) -> None:
        use(factories.event(deployment="nowhere"), factories.event("kept"))
        before = UsageEntry.objects.count()

        (correction,) = correct(void())

        assert correction.state == "applied"
        assert correction.reversed_entry_id is None
        assert not SetAside.objects.exists()
        assert UsageEntry.objects.count() == before
        assert audit.run(EVERY_AUDIT) == []

    def test_resolves_an_event_whose_counts_contradict_each_other(self) -> None:
        post(contradicting())
        rate.rate_pending(now=NOW)

        correct(void("odd"))

        assert not SetAside.objects.exists()
        assert audit.run(EVERY_AUDIT) == []

    def test_waits_until_the_event_is_rated(self) -> None:
        factories.record(factories.event())
        ask(void())

        apply()
        waiting = Correction.objects.get()
        rate.rate_pending(now=NOW)
        apply()

        assert (waiting.state, waiting.lack) == ("waiting", "not_rated")
        assert entries("evt-1") == [("usage", None), ("reversal", UsageEntry.objects.first().id)]  # type: ignore[union-attr] # there
        assert balances() == {}

    def test_finds_an_event_whose_batch_has_lost_its_payload(self) -> None:
        use(factories.event("other", occurred_at=None), factories.event())
        UsageBatch.objects.update(payload=None)

        (correction,) = correct(void())

        assert (correction.state, correction.row) == ("applied", 1)
        assert entries("evt-1")[1][0] == "reversal"
        assert audit.run(EVERY_AUDIT) == []

    def test_tells_events_of_two_sources_apart(self) -> None:
        use(factories.event(), factories.event(source="urn:other", usage=USAGE))

        correct(void())

        assert UsageEntry.objects.get(kind="reversal").input == -800
        assert audit.run(EVERY_AUDIT) == []


class TestAmend:
    @pytest.mark.parametrize(
        ("change", "posted"),
        [
            ({"usage": USAGE}, {"usage": USAGE}),
            ({"consumer": "eastcloud"}, {"consumer": "eastcloud"}),
            ({"project": "chat"}, {"project": "chat"}),
            ({"status": "cancelled"}, {"status": "cancelled"}),
            ({"attributes": {"a": 1.5}}, {"attributes": {"a": 1.5}}),
            ({"attributes": {}}, {"attributes": None}),
            ({"usage": {}}, {"usage": {}}),
        ],
    )
    def test_leaves_the_books_as_if_it_had_been_posted_so(
        self, change: dict[str, Any], posted: dict[str, Any]
    ) -> None:
        first: dict[str, Any] = {"attributes": {"b": 2}, "project": "code"}
        expected = as_if_posted(factories.event("kept"), factories.event(**{**first, **posted}))
        use(factories.event("kept"), factories.event(**first))

        (correction,) = correct(amend(**change))

        original, reversal, replacement = UsageEntry.objects.exclude(event_id="kept").order_by("id")
        assert (reversal.kind, reversal.corrects_id) == ("reversal", original.id)
        assert (replacement.kind, replacement.corrects_id) == ("rerate", original.id)
        assert replacement.occurred_at == original.occurred_at
        assert correction.replacement_entry_id == replacement.id
        assert (balances(), rollup()) == expected
        assert audit.run(EVERY_AUDIT) == []

    def test_starts_from_what_the_amendment_before_left(self) -> None:
        expected = as_if_posted(factories.event(usage=USAGE, project="chat"))
        use(factories.event())

        correct(amend(usage=USAGE))
        correct(amend(project="chat"))

        ids = list(UsageEntry.objects.order_by("id").values_list("id", flat=True))
        assert entries("evt-1")[3:] == [("reversal", ids[2]), ("rerate", ids[2])]
        assert (balances(), rollup()) == expected
        assert audit.run(EVERY_AUDIT) == []

    def test_is_priced_by_the_catalogue_as_it_is(self) -> None:
        use(factories.event())
        (card,) = factories.catalogue()["rate_card_versions"]
        dearer = {**card, "terms": {"kind": "cost_plus", "margin": "0.50"}}
        factories.publish(
            {"rate_card_versions": [{**dearer, "valid_from": "2026-10-01T00:00:00Z"}]}
        )

        correct(amend(status="partial"))

        original, _, replacement = UsageEntry.objects.order_by("id")
        assert replacement.compute == original.compute
        assert replacement.margin > 4 * original.margin
        assert audit.run(EVERY_AUDIT) == []

    def test_that_has_no_price_waits_with_its_lack_and_changes_nothing(self) -> None:
        use(factories.event())
        before = written()

        (correction,) = correct(amend(consumer="newcomer", usage=USAGE))

        assert (correction.state, correction.lack) == ("waiting", "unknown_consumer")
        assert correction.missing == "consumer:newcomer"
        assert (correction.row, correction.occurred_at) == (0, factories.OCCURRED_AT)
        assert written() == before
        assert audit.run(EVERY_AUDIT) == []

    def test_that_waits_for_a_publication_is_woken_by_it(self) -> None:
        use(factories.event())
        correct(amend(consumer="newcomer", usage=USAGE))
        factories.publish_newcomer()

        apply()

        assert Correction.objects.get().state == "applied"
        assert settling.balance("consumer:newcomer:tokens:TOK") == 18
        assert settling.balance("consumer:acme:tokens:TOK") == 0
        assert audit.run(EVERY_AUDIT) == []

    def test_gives_way_to_the_next_correction_while_it_has_no_price(self) -> None:
        expected = as_if_posted(factories.event(usage=USAGE))
        use(factories.event())
        (stuck,) = correct(amend(deployment="typo"))

        (next_,) = correct(amend(usage=USAGE))

        stuck.refresh_from_db()
        assert stuck.state == "refused"
        assert stuck.outcome == (
            "had no price (unknown_deployment, deployment:westcloud/typo) when correction"
            f" {next_.id} came"
        )
        assert next_.state == "applied"
        assert (balances(), rollup()) == expected
        assert audit.run(EVERY_AUDIT) == []

    def test_enters_an_event_that_was_set_aside(self) -> None:
        expected = as_if_posted(factories.event())
        use(factories.event(deployment="typo"))

        (correction,) = correct(amend(deployment="qwen"))

        assert (correction.state, correction.reversed_entry_id) == ("applied", None)
        assert entries("evt-1") == [("usage", None)]
        assert not SetAside.objects.exists()
        assert (balances(), rollup()) == expected
        assert audit.run(EVERY_AUDIT) == []

    def test_says_what_was_used_where_counts_contradict_each_other(self) -> None:
        post(contradicting())
        rate.rate_pending(now=NOW)

        (correction,) = correct(amend("odd", usage=USAGE))

        assert correction.state == "applied"
        assert UsageEntry.objects.get().output == 11
        assert audit.run(EVERY_AUDIT) == []

    def test_is_refused_where_counts_contradict_each_other_and_it_states_none(self) -> None:
        post(contradicting())
        rate.rate_pending(now=NOW)

        (correction,) = correct(amend("odd", project="chat"))

        assert correction.state == "refused"
        assert "must state its usage" in correction.outcome
        assert SetAside.objects.get().event_id == "odd"
        assert not UsageEntry.objects.exists()

    def test_of_a_set_aside_event_keeps_it_from_being_rated_as_it_was_posted(self) -> None:
        use(factories.event(consumer="newcomer"))
        correct(amend(consumer="nobody"))
        factories.publish_newcomer()

        assert rate.retry_set_aside(now=NOW + timedelta(days=1)) is None

        correct(amend(consumer="acme"))
        assert settling.balance("consumer:newcomer:tokens:TOK") == 0
        assert settling.balance("consumer:acme:tokens:TOK") == 2_500

    def test_can_be_voided(self) -> None:
        use(factories.event())
        correct(amend(usage=USAGE))

        correct(void())

        assert [kind for kind, _ in entries("evt-1")] == ["usage", "reversal", "rerate", "reversal"]
        assert (balances(), rollup()) == ({}, {})
        assert audit.run(EVERY_AUDIT) == []


class TestPeriods:
    LATER = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def test_that_are_closed_get_no_correction_it_goes_to_the_next_as_prior_period(self) -> None:
        use(factories.event(), factories.event("evt-2"))
        settling.settle()
        before = JournalEntry.objects.filter(period__starts_on=settling.OCTOBER).count()

        correct(amend(usage=USAGE), void("evt-2"), now=self.LATER)

        made = UsageEntry.objects.exclude(kind="usage")
        booked = JournalEntry.objects.get(id__in=made.values("journal_entry_id"))
        assert (booked.accounting_date, booked.prior_period) == (settling.NOVEMBER, True)
        assert set(made.values_list("occurred_at", flat=True)) == {factories.OCCURRED_AT}
        assert JournalEntry.objects.filter(period__starts_on=settling.OCTOBER).count() == before
        assert audit.run(EVERY_AUDIT) == []

    def test_are_settled_with_corrections_itemised_as_of_an_earlier_month(self) -> None:
        use(factories.event(), factories.event("evt-2"))
        october = settling.settle()
        correct(void(), now=self.LATER)
        use(
            factories.event("november", occurred_at=datetime(2026, 11, 9, tzinfo=UTC)),
            now=self.LATER,
        )

        november = settling.settle(month=settling.NOVEMBER, now=settling.LATER)

        lines = november.positions.get().lines.order_by("prior_period")
        assert [(line.prior_period, line.events, int(line.tokens)) for line in lines] == [
            (False, 1, 2_500),
            (True, -1, -2_500),
        ]
        assert november.positions.get().price == 0
        assert october.positions.get().price > 0
        assert audit.run(EVERY_AUDIT) == []

    def test_are_not_closed_over_a_correction_that_waits(self) -> None:
        use(factories.event())
        correct(amend(deployment="typo"))

        with pytest.raises(calendars.PeriodNotReady) as refused:
            settling.settle()

        assert refused.value.corrections == 1

    def test_of_the_replacement_are_those_of_its_own_agreement(self) -> None:
        use(factories.event())
        calendars.close_month(
            starts_on=settling.OCTOBER, user=settling.user("maker"), now=settling.NOW
        )

        correct(amend(consumer="eastcloud"), now=settling.NOW)

        booked = JournalEntry.objects.filter(prior_period=True).order_by("id")
        assert [entry.agreement.code for entry in booked if entry.agreement] == [
            "westcloud-acme",
            "westcloud-eastcloud",
        ]
        assert audit.run(EVERY_AUDIT) == []
