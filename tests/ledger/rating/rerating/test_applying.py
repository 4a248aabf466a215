"""Apply a run: reversal and replacement, once, where the day of the usage is booked now."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ledger import audit
from ledger.books.models import JournalEntry
from ledger.rating import rate
from ledger.rating.models import UsageEntry, UsageRollup
from ledger.rating.rerating.applying import apply_approved
from ledger.rating.rerating.models import Rerating, ReratingClaim
from ledger.usage.models import UsageBatch
from settlement.audits import EVERY_AUDIT
from settlement.clearing.models import Position
from tests import factories, rerating
from tests.correcting import amend, correct, void
from tests.factories import NOW
from tests.ledger.rating.corrections.test_applying import balances, rollup
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

ENERGY = 290_400_000
"""800 × 120,000 + 1,200 × 12,000 + 500 × 360,000 pico-CNY, at 0.36 CNY/kWh."""

DEARER_BY = Decimal("0.00031944")
"""Twice the electricity: 290.4 µCNY more, and ten per cent margin on that."""


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    settling.publish()


def use(*events: dict[str, Any], now: datetime = NOW) -> None:
    """Record usage and rate it."""
    factories.record(*events, now=now)
    rate.rate_pending(now=now)


def entries(event_id: str) -> list[UsageEntry]:
    """Return an event's usage entries as they were entered."""
    return list(UsageEntry.objects.filter(event_id=event_id).order_by("id"))


def doubled(*, now: datetime = NOW) -> None:
    """Publish that electricity cost twice as much all the time."""
    rerating.publish(rerating.electricity("0.72"), now=now)


class TestApplied:
    def test_leaves_the_books_as_if_the_right_price_had_always_been_known(self) -> None:
        use(
            factories.event("a", project="chat", attributes={"n": 1.5}),
            factories.event("b", consumer="eastcloud", status="partial"),
        )
        doubled()

        run = rerating.rerate()

        assert (run.state, run.outcome, run.preview["entries"]) == ("applied", "", 2)
        original, reversal, replacement = entries("a")
        assert (original.kind, reversal.kind, replacement.kind) == ("usage", "reversal", "rerate")
        assert (reversal.corrects_id, replacement.corrects_id) == (original.id, original.id)
        assert (original.energy, reversal.energy, replacement.energy) == (
            ENERGY,
            -ENERGY,
            2 * ENERGY,
        )
        assert (replacement.project, replacement.attributes) == ("chat", {"n": 1.5})
        assert entries("b")[2].status == "partial"
        assert audit.run(EVERY_AUDIT) == []

    def test_comes_to_what_rating_by_the_corrected_catalogue_comes_to(self) -> None:
        events = [factories.event("a"), factories.event("b", usage={"input": 7})]
        use(*events)
        doubled()
        rerating.rerate()
        stands = balances(), rollup()
        correct(void("a"), void("b"), now=NOW + timedelta(hours=1))

        use(factories.event("c"), factories.event("d", usage={"input": 7}))

        assert (balances(), rollup()) == stands

    def test_is_told_in_the_general_journal(self) -> None:
        use(factories.event())
        doubled()

        run = rerating.rerate()

        entry = JournalEntry.objects.order_by("id").last()
        assert entry is not None
        assert entry.narrative == f"Re-rating {run.pk} of usage of westcloud-acme"
        assert (entry.accounting_date, entry.prior_period) == (settling.DAY, False)
        receivable = "consumer:acme:receivable:CNY"
        (amount,) = entry.postings.filter(account__code=receivable).values_list("amount", flat=True)
        assert amount == DEARER_BY * (1 + Decimal("0.02") * Decimal("0.25"))

    def test_posts_nothing_of_what_stays_as_it_was(self) -> None:
        use(factories.event())
        doubled()

        rerating.rerate()

        entry = JournalEntry.objects.order_by("id").last()
        assert entry is not None
        codes = set(entry.postings.values_list("account__code", flat=True))
        assert not {code for code in codes if code.endswith((":TOK", ":J", ":CO2E_L", ":CO2E_M"))}

    def test_does_nothing_a_second_time(self) -> None:
        use(factories.event())
        doubled()
        rerating.rerate()

        again = rerating.previewed()

        assert (again.entries, again.standing) == (0, 1)

    def test_follows_what_it_did_before(self) -> None:
        use(factories.event())
        doubled()
        rerating.rerate()
        rerating.publish(rerating.electricity("0.36", valid_from="2026-09-01T00:00:00Z"))

        rerating.rerate()

        assert [entry.kind for entry in entries("evt-1")] == [
            *("usage", "reversal", "rerate"),
            *("reversal", "rerate"),
        ]
        assert entries("evt-1")[4].energy == ENERGY
        assert UsageRollup.objects.get().events == 1
        assert audit.run(EVERY_AUDIT) == []

    def test_moves_usage_into_a_context_band_that_is_new(self) -> None:
        use(factories.event("short", usage={"input": 10}), factories.event("long"))
        (profile,) = factories.catalogue()["serving_profiles"]
        figures = {phase: {"joules": "4", "gpu_seconds": "0.004"} for phase in profile["figures"]}
        band = profile | {"context_from_tokens": 2_000, "figures": figures}
        rerating.publish({"serving_profiles": [band]})

        run = rerating.rerate()

        assert run.preview["entries"] == 1
        assert [entry.kind for entry in entries("short")] == ["usage"]
        assert entries("long")[2].context_from_tokens == 2_000
        assert audit.run(EVERY_AUDIT) == []

    def test_comes_to_what_the_dry_run_said(self) -> None:
        moments = [
            datetime(2026, 10, day, hour, 30, tzinfo=UTC) for day in (3, 4) for hour in (2, 17)
        ]
        use(
            *(
                factories.event(f"{number}-{consumer}", occurred_at=at, consumer=consumer)
                for number, at in enumerate(moments)
                for consumer in ("acme", "eastcloud")
            )
        )
        doubled()
        before = {code: amount for code, amount in balances().items() if "receivable" in code}

        run = rerating.rerate()

        after = balances()
        for consumer in ("acme", "eastcloud"):
            lines = [line for line in run.preview["lines"] if line["consumer"] == consumer]
            said = sum(
                int(line["after"][name]) - int(line["before"][name])
                for line in lines
                for name in ("price", "fee_consumer")
            )
            code = f"consumer:{consumer}:receivable:CNY"
            assert after[code] - before[code] == Decimal(said).scaleb(-12)
            # The last one is past midnight in Shanghai.
            assert [line["day"] for line in lines] == ["2026-10-03", "2026-10-04", "2026-10-05"]


class TestClaims:
    def test_of_any_size_take_each_entry_back_once(self) -> None:
        instant = factories.OCCURRED_AT
        use(
            *(
                factories.event(f"evt-{number}", occurred_at=instant + timedelta(hours=number // 4))
                for number in range(11)
            )
        )
        doubled()
        run = rerating.approve(rerating.propose())

        steps = rerating.apply(limit=3)

        assert sum(step.taken_back for step in steps) == 11
        assert ReratingClaim.objects.filter(rerating=run).count() >= 4
        assert UsageEntry.objects.filter(kind="reversal").count() == 11
        assert audit.run(EVERY_AUDIT) == []

    def test_leave_alone_what_has_no_price_now(self) -> None:
        use(factories.event("a"), factories.event("b", consumer="eastcloud"))
        doubled()
        (terms,) = factories.catalogue()["agreement_versions"]
        ended = terms | {"agreement": "westcloud-eastcloud", "withdrawn": True}
        rerating.publish({"agreement_versions": [ended]})

        run = rerating.rerate()

        missing = "agreement_version:westcloud-eastcloud"
        assert run.preview["lacks"] == [
            {"reason": "no_agreement_version", "missing": missing, "entries": 1}
        ]
        assert run.claims.get().left_alone == 1
        assert [entry.kind for entry in entries("b")] == ["usage"]
        assert audit.run(EVERY_AUDIT) == []

    def test_keep_to_the_scope(self) -> None:
        use(factories.event("a"), factories.event("b", consumer="eastcloud"))
        doubled()

        run = rerating.rerate(consumer="eastcloud", provider="westcloud", deployment="qwen")

        assert run.preview["entries"] == 1
        assert [len(entries(event_id)) for event_id in ("a", "b")] == [1, 3]
        assert audit.run(EVERY_AUDIT) == []


class TestStale:
    def test_ends_a_run_whose_usage_was_corrected_before_it_began(self) -> None:
        use(factories.event("a"), factories.event("b"))
        doubled()
        run = rerating.approve(rerating.propose())
        correct(void("a"))

        rerating.apply()

        run.refresh_from_db()
        assert (run.state, run.outcome) == ("stale", "it would no longer do what was approved")
        assert UsageEntry.objects.filter(kind="rerate").count() == 0

    def test_ends_a_run_in_whose_middle_something_was_published(self) -> None:
        use(*(factories.event(f"evt-{number}") for number in range(4)))
        doubled()
        run = rerating.approve(rerating.propose())
        apply_approved(now=NOW, limit=2)
        apply_approved(now=NOW, limit=2)
        factories.publish_newcomer()

        rerating.apply(limit=2)

        run.refresh_from_db()
        assert run.state == "stale"
        assert "came while it was applied" in run.outcome
        assert UsageEntry.objects.filter(kind="rerate").count() == 2
        assert rerating.previewed().entries == 2
        assert audit.run(EVERY_AUDIT) == []

    def test_lets_a_run_begin_after_a_publication_that_changes_nothing_of_it(self) -> None:
        use(factories.event())
        doubled()
        run = rerating.approve(rerating.propose())
        factories.publish_newcomer()

        rerating.apply()

        run.refresh_from_db()
        assert run.state == "applied"
        assert run.applied_revision == run.revision + 1


class TestCorrections:
    def test_take_back_what_a_re_rating_left(self) -> None:
        use(factories.event())
        doubled()
        rerating.rerate()

        (correction,) = correct(void())

        assert correction.reversed_entry_id == entries("evt-1")[2].id
        assert not balances()
        assert audit.run(EVERY_AUDIT) == []

    def test_are_re_rated_with_what_they_left(self) -> None:
        use(factories.event("a"), factories.event("b"), factories.event("c"))
        correct(amend("a", usage={"input": 1_000}), void("b"))
        doubled()

        run = rerating.rerate()

        assert run.preview["entries"] == 2
        assert [entry.kind for entry in entries("b")] == ["usage", "reversal"]
        assert entries("a")[4].energy == 1_000 * 240_000
        assert audit.run(EVERY_AUDIT) == []

    def test_and_re_ratings_take_turns_with_one_event(self) -> None:
        use(factories.event())
        doubled()
        rerating.rerate()
        correct(amend(usage={"input": 1_000}))
        rerating.publish(rerating.electricity("0.36", valid_from="2026-09-01T00:00:00Z"))
        rerating.rerate()
        correct(amend(project="chat"))

        last = entries("evt-1")[-1]
        assert (last.energy, last.project) == (1_000 * 120_000, "chat")
        assert UsageRollup.objects.get(project="chat").energy == 1_000 * 120_000
        assert audit.run(EVERY_AUDIT) == []

    def test_of_a_batch_without_its_payload_are_still_proved_after_it(self) -> None:
        use(factories.event())
        correct(amend(usage={"input": 5}))
        doubled()
        rerating.rerate()
        UsageBatch.objects.update(payload=None)

        assert audit.run(EVERY_AUDIT) == []


class TestClosedMonths:
    def test_are_settled_with_the_difference_and_nothing_else(self) -> None:
        use(*(factories.event(f"evt-{number}", usage={"output": 10**6}) for number in range(3)))
        october = settling.settle()
        doubled(now=settling.NOW)
        run = rerating.rerate(now=settling.NOW + timedelta(hours=1))

        november = settling.settle(month=settling.NOVEMBER, now=settling.LATER)

        booked = JournalEntry.objects.get(
            narrative=f"Re-rating {run.pk} of usage of westcloud-acme"
        )
        assert (booked.prior_period, booked.accounting_date) == (True, settling.NOVEMBER)
        first, second = (Position.objects.get(settlement=one) for one in (october, november))
        # A decoded token: 360,000 pico-CNY of electricity more, ten per cent margin on it.
        assert (
            second.price == 3 * 10**6 * Decimal("0.00000036") * Decimal("1.1") == Decimal("1.188")
        )
        # 6,000,000 compute, 3,000,000 scarcity, 360,000 energy, 2,000 green, and margin.
        assert first.price == 3 * 10**6 * Decimal("0.000009362000") * Decimal("1.1")
        assert audit.run(EVERY_AUDIT) == []


class TestTheDatabase:
    @pytest.mark.parametrize("kind", ["reversal", "rerate"])
    def test_lets_no_entry_be_corrected_twice(self, kind: str) -> None:
        use(factories.event())
        doubled()
        rerating.rerate()
        (row,) = UsageEntry.objects.filter(kind=kind).values()

        with (
            pytest.raises(IntegrityError, match="ledger_usage_entry"),
            transaction.atomic(),
        ):
            UsageEntry.objects.create(**{**row, "id": row["id"] + 1_000})

    def test_keeps_a_run_as_it_was_proposed(self) -> None:
        use(factories.event())
        doubled()
        run = rerating.propose()

        with pytest.raises(IntegrityError, match="propose another one"), transaction.atomic():
            Rerating.objects.filter(pk=run.pk).update(reason="another")
