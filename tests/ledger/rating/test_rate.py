"""Rating: from recorded to posted, what waits, what is set aside, what survives a failure."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import audit
from ledger.books import periods
from ledger.books.models import Balance, JournalEntry, Period, Posting
from ledger.constraints import AppendOnly, refusal
from ledger.pricing.models import Agreement
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry, UsageRollup
from ledger.usage.models import UsageBatch
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


def postings() -> dict[str, Decimal]:
    return {one.account.code: one.amount for one in Posting.objects.select_related("account")}


class TestRatePending:
    def test_enters_the_worked_event_to_the_last_digit(self) -> None:
        factories.record(factories.event(project="chat", attributes={"key": "k1"}))

        rated = rate.rate_pending(now=NOW)

        assert rated == rate.Rated(batches=1, entered=1, set_aside=0)
        entry = UsageEntry.objects.get()
        # 800, 1,200 and 500 tokens at 2,000,000, 200,000 and 6,000,000 pico-CNY, and so on:
        # the rates are derived in factories.catalogue.
        assert (entry.compute, entry.energy, entry.green, entry.scarcity, entry.margin) == (
            4_840_000_000,
            290_400_000,
            1_614_000,
            2_420_000_000,
            755_200_000,
        )
        assert (entry.fee_provider, entry.fee_consumer) == (124_608_100, 41_535_900)
        assert (
            entry.gpu_nanoseconds,
            entry.energy_microjoules,
            entry.co2_location_nanograms,
            entry.co2_market_nanograms,
        ) == (2_420_000_000, 2_904_000_000, 484_000_000, 242_000_000)
        assert (entry.event_id, entry.project, entry.attributes, entry.status, entry.kind) == (
            "evt-1",
            "chat",
            {"key": "k1"},
            "complete",
            "usage",
        )
        assert entry.occurred_at == factories.OCCURRED_AT

    def test_posts_what_the_usage_entry_says_in_accounting_language(self) -> None:
        factories.record(factories.event())

        rate.rate_pending(now=NOW)

        assert postings() == {
            "consumer:acme:receivable:CNY": Decimal("0.008348749900"),
            "provider:westcloud:payable:compute:CNY": Decimal("-0.004840000000"),
            "provider:westcloud:payable:energy:CNY": Decimal("-0.000290400000"),
            "provider:westcloud:payable:green:CNY": Decimal("-0.000001614000"),
            "provider:westcloud:payable:scarcity:CNY": Decimal("-0.002420000000"),
            "provider:westcloud:payable:margin:CNY": Decimal("-0.000755200000"),
            "provider:westcloud:payable:fee:CNY": Decimal("0.000124608100"),
            "platform:fees:CNY": Decimal("-0.000166144000"),
            "consumer:acme:tokens:TOK": Decimal(2_500),
            "provider:westcloud:tokens:TOK": Decimal(-2_500),
            "consumer:acme:energy:J": Decimal(2_904),
            "provider:westcloud:energy:west:J": Decimal(-2_904),
            "consumer:acme:co2_location:CO2E_L": Decimal("0.484"),
            "provider:westcloud:co2_location:CO2E_L": Decimal("-0.484"),
            "consumer:acme:co2_market:CO2E_M": Decimal("0.242"),
            "provider:westcloud:co2_market:CO2E_M": Decimal("-0.242"),
        }
        entry = JournalEntry.objects.get()
        assert (entry.kind, entry.accounting_date.isoformat(), entry.prior_period) == (
            "usage",
            "2026-10-05",
            False,
        )

    def test_leaves_books_that_every_audit_finds_clean(self) -> None:
        factories.record(*(factories.event(f"evt-{number}") for number in range(30)))
        factories.record(factories.event("aside", deployment="unheard-of"))

        rate.rate_pending(now=NOW)

        assert audit.run() == []

    def test_returns_none_when_nothing_waits(self) -> None:
        assert rate.rate_pending(now=NOW) is None

    def test_compiles_a_rate_once_for_all_slots_of_a_tariff_period(self) -> None:
        for day in range(1, 8):
            at = datetime(2026, 10, day, 13, 20, tzinfo=UTC)
            factories.record(factories.event(f"evt-{day}", occurred_at=at))

        rate.rate_pending(now=NOW)

        assert SlotRate.objects.count() == 1
        assert PriceRate.objects.count() == 1
        assert UsageEntry.objects.count() == 7

    def test_takes_the_accounting_date_in_the_time_zone_of_the_agreement(self) -> None:
        evening = datetime(2026, 10, 5, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
        factories.record(factories.event(occurred_at=evening))

        rate.rate_pending(now=NOW)

        assert JournalEntry.objects.get().accounting_date.isoformat() == "2026-10-06"

    def test_takes_the_receipt_for_the_time_of_an_event_without_one(self) -> None:
        factories.record(factories.event(occurred_at=None))

        rate.rate_pending(now=NOW)

        assert UsageEntry.objects.get().occurred_at == NOW

    def test_books_one_entry_per_agreement_and_day_and_one_line_per_event(self) -> None:
        events = [
            factories.event(
                f"evt-{day}-{number}", occurred_at=datetime(2026, 10, day, 3, tzinfo=UTC)
            )
            for day in (1, 2)
            for number in range(10)
        ]
        factories.record(*events)

        rate.rate_pending(now=NOW)

        assert JournalEntry.objects.count() == 2
        assert UsageEntry.objects.count() == 20
        assert UsageRollup.objects.count() == 2
        assert Balance.objects.filter(account__code="consumer:acme:tokens:TOK").count() == 2

    def test_enters_usage_of_nothing(self) -> None:
        factories.record(factories.event(usage={}, status="cancelled"))

        rate.rate_pending(now=NOW)

        assert UsageEntry.objects.get().status == "cancelled"
        assert not Posting.objects.exists()
        assert audit.run() == []

    def test_writes_a_claim_in_a_fixed_number_of_statements(
        self, django_assert_max_num_queries: Any
    ) -> None:
        factories.record(factories.event("first"))
        rate.rate_pending(now=NOW)
        factories.record(*(factories.event(f"evt-{number}") for number in range(2_000)))

        with django_assert_max_num_queries(20):
            rate.rate_pending(now=NOW)

    def test_claims_no_more_batches_than_it_may(self) -> None:
        for batch in range(5):
            factories.record(*(factories.event(f"evt-{batch}-{number}") for number in range(10)))

        rated = rate.rate_pending(now=NOW, limit=20)

        assert rated is not None
        assert rated.batches == 2
        assert UsageBatch.objects.filter(state="pending").count() == 3


class TestWhatIsUnknown:
    @pytest.mark.parametrize(
        ("event", "reason", "missing"),
        [
            (
                factories.event(deployment="nowhere"),
                "unknown_deployment",
                "deployment:westcloud/nowhere",
            ),
            (factories.event(consumer="nobody"), "unknown_consumer", "consumer:nobody"),
            (
                factories.event(consumer="westcloud"),
                "no_agreement",
                "agreement:westcloud/westcloud",
            ),
            (
                factories.event(occurred_at=datetime(2022, 12, 31, 23, 0, tzinfo=UTC)),
                "no_agreement_version",
                "agreement_version:westcloud-acme",
            ),
            (
                factories.event(usage={"input": 5, "audio_input": 7}),
                "no_rate_for_audio_input",
                "profile:westcloud/qwen",
            ),
        ],
    )
    def test_is_set_aside_with_its_reason_and_holds_up_nothing(
        self, event: dict[str, Any], reason: str, missing: str
    ) -> None:
        factories.record({**event, "id": "odd"}, factories.event("even"))

        rate.rate_pending(now=NOW)

        assert UsageEntry.objects.get().event_id == "even"
        aside = SetAside.objects.get()
        assert (aside.event_id, aside.reason, aside.missing) == ("odd", reason, missing)
        assert UsageBatch.objects.get().state == "rated"
        assert audit.run() == []

    def test_is_never_priced_at_zero_when_an_amount_leaves_int64(self) -> None:
        # 9 × 10^9 tokens at 10,298,200 pico-CNY are 9.3 × 10^16, in range; a margin of a million
        # times the cost makes it 10^22.
        factories.publish(
            {
                "rate_card_versions": [
                    {
                        "provider": "westcloud",
                        "rate_card": "standard",
                        "valid_from": "2026-10-01T00:00:00Z",
                        "currency": "CNY",
                        "terms": {"kind": "cost_plus", "margin": "1000000"},
                        "provenance": "test",
                    }
                ]
            }
        )
        factories.record(factories.event("huge", usage={"output": 10**9}), factories.event("small"))

        rate.rate_pending(now=NOW)

        assert SetAside.objects.get().reason == "amount_out_of_range"
        assert UsageEntry.objects.get().event_id == "small"
        assert audit.run() == []


class TestRetrySetAside:
    def test_rates_what_was_missing_as_soon_as_it_is_published(self) -> None:
        factories.record(factories.event("early", consumer="newcomer"), factories.event("even"))
        rate.rate_pending(now=NOW)
        assert rate.retry_set_aside(now=NOW) is None

        factories.publish_newcomer()

        rated = rate.retry_set_aside(now=NOW)

        assert rated == rate.Rated(batches=1, entered=1, set_aside=0)
        assert not SetAside.objects.exists()
        assert UsageEntry.objects.count() == 2
        assert audit.run() == []

    def test_says_anew_what_is_still_missing(self) -> None:
        factories.record(factories.event("early", consumer="newcomer"))
        rate.rate_pending(now=NOW)
        factories.publish(
            {"parties": [{"code": "newcomer", "name": "Newcomer", "kind": "consumer"}]}
        )

        rate.retry_set_aside(now=NOW)

        aside = SetAside.objects.get()
        assert (aside.reason, aside.attempts) == ("no_agreement", 2)
        assert rate.retry_set_aside(now=NOW) is None
        assert rate.retry_set_aside(now=NOW + timedelta(hours=1)) is not None


class TestClosedPeriods:
    def test_late_usage_is_booked_on_the_first_open_day_and_flagged(self) -> None:
        factories.record(factories.event("in-time"))
        rate.rate_pending(now=NOW)
        agreement = Agreement.objects.get()
        periods.close(
            agreement_ids=[agreement.id],
            starts_on=datetime(2026, 10, 1, tzinfo=UTC).date(),
            user_id=None,
            now=NOW,
        )
        factories.record(factories.event("late"))

        rate.rate_pending(now=NOW)

        late = JournalEntry.objects.order_by("-id").first()
        assert late is not None
        assert (late.accounting_date.isoformat(), late.prior_period) == ("2026-11-01", True)
        assert UsageEntry.objects.get(event_id="late").occurred_at == factories.OCCURRED_AT
        assert Period.objects.count() == 2
        assert audit.run() == []

    @pytest.mark.parametrize(
        "occurred_at",
        [datetime(2024, 1, 5, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC)],
        ids=["before the first period", "in a month without a period"],
    )
    def test_usage_older_than_what_is_closed_opens_no_old_month(
        self, occurred_at: datetime
    ) -> None:
        factories.record(factories.event("in-time"))
        rate.rate_pending(now=NOW)
        periods.close(
            agreement_ids=[Agreement.objects.get().id],
            starts_on=datetime(2026, 10, 1, tzinfo=UTC).date(),
            user_id=None,
            now=NOW,
        )
        december = datetime(2026, 12, 3, tzinfo=UTC)
        factories.record(factories.event("december", occurred_at=december), now=december)
        rate.rate_pending(now=december)
        factories.record(factories.event("late", occurred_at=occurred_at), now=december)

        rate.rate_pending(now=december)

        late = JournalEntry.objects.order_by("-id").first()
        assert late is not None
        assert (late.accounting_date.isoformat(), late.prior_period) == ("2026-11-01", True)
        assert not Period.objects.filter(
            starts_on__lt=datetime(2026, 10, 1, tzinfo=UTC).date()
        ).exists()


class TestThePartitions:
    """Attacks on one month, which the parent's statement triggers would not see."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_usage_entry_202610 SET input = 0",
            "DELETE FROM ledger_usage_entry_202610",
            "TRUNCATE ledger_usage_entry_202610",
            "UPDATE ledger_usage_entry SET input = 0",
        ],
    )
    def test_refuse_every_change(self, statement: str) -> None:
        factories.record(factories.event())
        rate.rate_pending(now=NOW)

        with pytest.raises(DatabaseError) as error, transaction.atomic():
            connection.cursor().execute(statement)

        assert isinstance(refusal(error.value), AppendOnly)
        assert UsageEntry.objects.get().input == 800
