"""True-ups at a close: what is booked, of what, and that nothing counts twice or not at all."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from ledger import audit
from ledger.books.models import JournalEntry
from ledger.parties.models import Party
from ledger.pricing.catalogue import DocumentInvalid
from ledger.rating import rate
from ledger.rating.models import UsageRollup
from settlement.audits import EVERY_AUDIT
from settlement.clearing import calendars, true_ups
from settlement.clearing.models import StatementLine, TrueUp
from settlement.statements import rendering
from settlement.statements.statement import statement
from tests import factories as ledger
from tests.correcting import correct, void
from tests.factories import version
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER, NOW, OCTOBER, user

pytestmark = pytest.mark.django_db

D = Decimal
AGREEMENT = "westcloud-acme"
# An event of the factories has 2,500 tokens and a price of 0.008307214 CNY.
PRICE = D("0.008307214")
PER_MILLION: dict[str, Any] = {
    "tiers": {"kind": "volume", "measure": "tokens", "steps": [{"per_million_tokens": "3"}]}
}
"""So an event is to come to 0.0075 CNY: 0.000807214 less than was charged."""


def agree(terms: dict[str, Any] | None, *, valid_from: str = "2026-01-01T00:00:00Z") -> None:
    """Publish the agreement of West Cloud and Acme anew, with volume terms."""
    ledger.publish(
        {
            "agreement_versions": [
                version(
                    agreement=AGREEMENT,
                    currency="CNY",
                    rate_card="standard",
                    fee_rate="0.02",
                    fee_consumer_share="0.25",
                    volume_terms=terms,
                )
                | {"valid_from": valid_from}
            ]
        }
    )


def close(month: date, now: datetime) -> None:
    """Close a month."""
    calendars.close_month(starts_on=month, user=user("maker"), now=now)


def use(*event_ids: str, at: str) -> None:
    """Record usage of a moment, once everything here is over, and rate it."""
    occurred_at = datetime.fromisoformat(at)
    ledger.record(*(ledger.event(one, occurred_at=occurred_at) for one in event_ids), now=LATER)
    rate.rate_pending(now=LATER)


def postings(entry: JournalEntry) -> dict[str, Decimal]:
    """Return what an entry posts, by account."""
    rows = entry.postings.select_related("account").order_by("account__code")
    return {one.account.code: one.amount for one in rows}


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


class TestClose:
    def test_books_what_the_tiers_make_of_the_month_with_the_fee_given_back(self) -> None:
        agree(PER_MILLION)
        factories.use("evt-1", "evt-2")

        close(OCTOBER, NOW)

        entry = JournalEntry.objects.get(kind="true_up")
        assert (f"{entry.agreement}", f"{entry.period}", entry.accounting_date) == (
            AGREEMENT,
            "2026-10-01/2026-11-01",
            date(2026, 10, 31),
        )
        assert entry.reference == "true_up:westcloud-acme:2026-10:CNY:2026-10"
        # 5,000 tokens at 3 a million are 0.015; charged were 0.016614428. Two percent of the
        # difference go back: a quarter to Acme, the rest to West Cloud.
        assert postings(entry) == {
            "consumer:acme:receivable:CNY": D("-0.001622500140"),
            "platform:fees:CNY": D("0.00003228856"),
            "provider:westcloud:payable:fee:CNY": D("-0.00002421642"),
            "provider:westcloud:payable:volume:CNY": D("0.001614428"),
        }
        assert audit.run(EVERY_AUDIT) == []

    def test_charges_the_minimum_of_a_month_without_usage(self) -> None:
        agree({"minimum": "100"})

        close(OCTOBER, NOW)

        assert postings(JournalEntry.objects.get()) == {
            "consumer:acme:receivable:CNY": D("100.5"),
            "platform:fees:CNY": D(-2),
            "provider:westcloud:payable:commitment:CNY": D(-100),
            "provider:westcloud:payable:fee:CNY": D("1.5"),
        }

    def test_books_nothing_where_nothing_is_agreed(self) -> None:
        factories.use("evt-1")

        close(OCTOBER, NOW)

        assert not TrueUp.objects.exists()
        assert not JournalEntry.objects.filter(kind="true_up").exists()

    def test_counts_only_what_occurred_in_the_agreements_month(self) -> None:
        agree(PER_MILLION)
        use("evt-1", at="2026-10-31T15:59:59Z")
        use("evt-2", at="2026-10-31T16:00:00Z")  # November in Shanghai

        close(OCTOBER, NOW)

        assert TrueUp.objects.get().inputs["tokens"]["output"] == "500"

    def test_goes_by_the_terms_in_force_when_the_month_ends(self) -> None:
        agree({"minimum": "1"})
        agree({"minimum": "7"}, valid_from="2026-10-20T00:00:00Z")
        agree({"minimum": "9"}, valid_from="2026-10-31T16:00:00Z")

        close(OCTOBER, NOW)

        assert TrueUp.objects.get().commitment == D(7)

    def test_books_the_difference_of_late_usage_in_the_month_that_closes(self) -> None:
        agree(PER_MILLION)
        factories.use("evt-1")
        close(OCTOBER, NOW)
        factories.use("late")  # occurred in October, is booked in November

        close(NOVEMBER, LATER)

        assert [
            (one.period.starts_on, one.booked_period.starts_on, one.volume)
            for one in TrueUp.objects.select_related("period", "booked_period").order_by("id")
        ] == [
            (OCTOBER, OCTOBER, D("-0.000807214")),
            (OCTOBER, NOVEMBER, D("-0.001614428")),
            (NOVEMBER, NOVEMBER, D(0)),
        ]
        later = JournalEntry.objects.get(kind="true_up", prior_period=True)
        assert postings(later)["provider:westcloud:payable:volume:CNY"] == D("0.000807214")
        assert audit.run(EVERY_AUDIT) == []

    def test_takes_back_what_voided_usage_had_brought(self) -> None:
        agree(PER_MILLION)
        factories.use("evt-1")
        close(OCTOBER, NOW)
        correct(void("evt-1"))

        close(NOVEMBER, LATER)

        assert balances_of("payable:volume") == D(0)
        assert audit.run(EVERY_AUDIT) == []

    def test_books_nothing_anew_where_nothing_changed(self) -> None:
        agree(PER_MILLION)
        factories.use("evt-1")
        close(OCTOBER, NOW)

        close(NOVEMBER, LATER)

        assert JournalEntry.objects.filter(kind="true_up").count() == 1

    def test_takes_all_of_it_back_when_the_terms_are_withdrawn(self) -> None:
        agree({"minimum": "100"})
        close(OCTOBER, NOW)
        agree(None)

        close(NOVEMBER, LATER)

        assert balances_of("payable:commitment") == D(0)
        assert balances_of("receivable") == D(0)
        assert audit.run(EVERY_AUDIT) == []

    def test_loses_and_doubles_no_event_over_all_months(self) -> None:
        agree(PER_MILLION)
        use("evt-1", "evt-2", at="2026-10-31T15:30:00Z")
        use("evt-3", at="2026-11-02T00:00:00Z")
        close(OCTOBER, NOW)
        use("late-1", at="2026-10-03T00:00:00Z")
        correct(void("evt-2"))
        close(NOVEMBER, LATER)

        latest = {one.period_id: one for one in TrueUp.objects.order_by("id")}

        counted = sum(int(one.inputs["charged"]) for one in latest.values())
        kept = sum(
            row.compute + row.energy + row.green + row.scarcity + row.margin
            for row in UsageRollup.objects.all()
        )
        assert counted == kept == 3 * int(PRICE * 10**12)


class TestSettlement:
    def test_clears_true_ups_and_shows_them_in_a_line_of_their_own(self) -> None:
        agree(PER_MILLION | {"minimum": "10"})
        factories.use("evt-1")

        settlement = factories.settle()

        line = StatementLine.objects.get(kind="true_up")
        # 0.0075 by the tiers, and 9.9925 are missing to ten: the month comes to ten exactly.
        assert (line.margin, line.position.price) == (D(10) - PRICE, D(10))
        assert settlement.state == "approved"
        provider = Party.objects.get(code="westcloud")
        page = rendering.as_text(statement(settlement_id=settlement.pk, party=provider))
        lines = [" ".join(one.split()) for one in page.splitlines()]
        begins = lines.index("true-ups by volume terms")
        assert lines[begins : begins + 8] == [
            "true-ups by volume terms",
            "price 9.991692786000",
            "How the true-up of 2026-10 came about (all of the month)",
            "charged by the rate cards 0.008307214",
            "2,500 tokens at 3 a million 0.0075",
            "by the tiers 0.0075",
            "what is missing to the minimum of 10 9.9925",
            "true-up 9.991692786",
        ]
        assert balances_of("payable:volume") == balances_of("payable:commitment") == D(0)
        assert audit.run(EVERY_AUDIT) == []


class TestPreview:
    def test_says_what_a_close_would_book_and_writes_nothing(self) -> None:
        agree(PER_MILLION)
        factories.use("evt-1")

        (shown,) = true_ups.preview(starts_on=OCTOBER)

        assert (shown.agreement, shown.difference["volume"]) == (AGREEMENT, D("-0.000807214"))
        assert not TrueUp.objects.exists()
        close(OCTOBER, NOW)
        assert true_ups.booked(starts_on=OCTOBER) == [shown]


class TestPublication:
    @pytest.mark.parametrize(
        ("terms", "said"),
        [
            ({}, "says nothing"),
            ({"minimum": 0.5}, "not exact"),
            ({"discount": {"percent": "101"}}, "more than everything"),
            ({"tiers": {"kind": "volume", "measure": "tokens", "steps": []}}, "at least one"),
        ],
    )
    def test_refuses_terms_that_make_no_sense(self, terms: dict[str, Any], said: str) -> None:
        with pytest.raises(DocumentInvalid, match=said):
            agree(terms)

    def test_refuses_months_that_begin_off_an_hour(self) -> None:
        with pytest.raises(DocumentInvalid, match="Asia/Kolkata has others"):
            ledger.publish(
                {
                    "parties": [{"code": "indus", "name": "Indus", "kind": "consumer"}],
                    "agreements": [
                        {
                            "code": "westcloud-indus",
                            "provider": "westcloud",
                            "consumer": "indus",
                            "time_zone": "Asia/Kolkata",
                        }
                    ],
                    "agreement_versions": [
                        version(
                            agreement="westcloud-indus",
                            currency="CNY",
                            rate_card="standard",
                            fee_rate="0",
                            fee_consumer_share="0",
                            volume_terms={"minimum": "1"},
                        )
                    ],
                }
            )


class TestAudits:
    @pytest.mark.parametrize(
        ("statement", "name"),
        [
            ("UPDATE settlement_true_up SET volume = volume + 1", "true-ups"),
            ("UPDATE settlement_true_up SET digest = digest || 'x'", "true-ups"),
            ("UPDATE settlement_true_up SET working = '[]'", "true-ups"),
            ("DELETE FROM settlement_true_up", "true-up-postings"),
            ("UPDATE settlement_true_up SET through_entry = 0", "true-up-sums"),
            (
                "UPDATE settlement_true_up SET inputs = jsonb_set(inputs, '{charged}', '\"1\"')",
                "true-up-sums",
            ),
            (
                "UPDATE ledger_agreement_version SET volume_terms = '{}'",
                "true-ups",
            ),
            (
                "UPDATE settlement_statement_line SET margin = margin + 1 WHERE kind = 'true_up'",
                "settlement-true-ups",
            ),
        ],
    )
    def test_find_what_was_changed_behind_the_programs_back(
        self, statement: str, name: str
    ) -> None:
        agree(PER_MILLION)
        factories.use("evt-1")
        factories.settle()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement)
            assert cursor.rowcount > 0, "nothing was changed"
            cursor.execute("SET LOCAL session_replication_role = origin")

        assert name in {finding.audit for finding in audit.run(EVERY_AUDIT)}


def balances_of(purpose: str) -> Decimal:
    """Return what stands on the accounts of West Cloud and Acme for a purpose."""
    owner = "consumer:acme" if purpose == "receivable" else "provider:westcloud"
    return factories.balance(f"{owner}:{purpose}:CNY")
