"""From a balance down to the multiplication behind it, by clicking only."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger.books.models import Account, JournalEntry
from ledger.rating import rate
from ledger.rating.models import UsageEntry
from tests import factories, operators
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

RECEIVABLE = "consumer:acme:receivable:CNY"
# 800 × 3,432,733 + 1,200 × 343,273 + 500 × 10,298,200, in pico-CNY.
PRICE = "8,307,214,000"


def account(code: str, **parameters: str) -> str:
    said = operators.operator().get(reverse("admin:ledger_account_change", args=[code]), parameters)
    return operators.text(said)


class TestTheWayDown:
    def test_leads_from_a_balance_to_every_multiplication_behind_it(self) -> None:
        client = operators.operator()

        accounts = client.get("/admin/ledger/account/", {"q": RECEIVABLE})
        one = client.get(operators.link(accounts, RECEIVABLE))
        entry_id = JournalEntry.objects.get().pk
        entry = client.get(operators.link(one, str(entry_id)))
        id_ = f"202610-{UsageEntry.objects.get(event_id='evt-1').pk}"
        usage = client.get(operators.link(entry, id_))
        said = operators.text(usage)

        assert "input 800 × 3,432,733 = 2,746,186,400 pico-CNY" in said
        assert "cache read 1,200 × 343,273 = 411,927,600 pico-CNY" in said
        assert "output 500 × 10,298,200 = 5,149,100,000 pico-CNY" in said
        assert f"as booked {PRICE} pico-CNY = 0.008307214 CNY" in said
        # 1.2 J × 800 + 0.12 J × 1,200 + 3.6 J × 500.
        assert "as booked 2,904,000,000 µJ = 2,904 J" in said
        assert "round numbers for tests" in said
        assert '{"request": "r-1"}' in said

    def test_leads_from_there_to_the_rates_and_the_batch(self) -> None:
        client = operators.operator()
        usage_entry = UsageEntry.objects.get(event_id="evt-1")
        usage = client.get(
            reverse("admin:ledger_usageentry_change", args=[f"202610-{usage_entry.pk}"])
        )

        price = client.get(operators.link(usage, f"price rate {usage_entry.price_rate_id}"))
        slot = client.get(operators.link(price, str(price.context["slot_rate"].pk)))
        batch = client.get(operators.link(usage, str(usage_entry.batch_id)))

        assert f"Price rate {usage_entry.price_rate_id}" in operators.text(price)
        assert "electricity" in operators.text(slot)
        assert "Events 3 Entered 2 Set aside 1 Voided before 0 Waiting 0" in operators.text(batch)

    def test_leads_up_again_to_the_journal_entry(self) -> None:
        client = operators.operator()
        usage_entry = UsageEntry.objects.get(event_id="evt-2")
        usage = client.get(
            reverse("admin:ledger_usageentry_change", args=[f"202610-{usage_entry.pk}"])
        )

        entry = client.get(operators.link(usage, str(usage_entry.journal_entry_id)))

        assert "Usage of westcloud-acme" in operators.text(entry)


class TestAccounts:
    def test_show_balances_rounded_for_the_eye_and_exact_under_the_pointer(self) -> None:
        body = operators.operator().get("/admin/ledger/account/").content.decode()

        # Two prices, and a quarter of the fee of 2 %: 17,164, 1,716 and 51,491 pico-CNY a token.
        exact = 2 * (8_307_214_000 + 800 * 17_164 + 1_200 * 1_716 + 500 * 51_491)
        assert f'title="{exact / 10**12:.12f}"'.rstrip('0"') in body
        assert ">0.016697<" in body

    def test_show_a_balance_as_of_a_date(self) -> None:
        # 02:30 UTC on 5 October is the same day in Shanghai.
        assert "Balance, debit positive 0 Balance" in account(
            "consumer:acme:tokens:TOK", as_of="2026-10-04"
        )
        assert "Balance, debit positive 5,000 Balance" in account(
            "consumer:acme:tokens:TOK", as_of="2026-10-05"
        )

    def test_take_nonsense_for_no_date(self) -> None:
        assert "Balance, debit positive 5,000 Balance" in account(
            "consumer:acme:tokens:TOK", as_of="yesterday", before="soon"
        )

    def test_open_by_their_number_too(self) -> None:
        number = Account.objects.get(code=RECEIVABLE).pk

        assert RECEIVABLE in account(str(number))

    def test_are_read_in_as_many_queries_for_many_as_for_one(self) -> None:
        client = operators.operator()
        client.get("/admin/ledger/account/")

        with CaptureQueriesContext(connection) as one:
            client.get("/admin/ledger/account/", {"q": RECEIVABLE})
        with CaptureQueriesContext(connection) as all_:
            client.get("/admin/ledger/account/")

        assert len(one) == len(all_)

    def test_list_their_postings_by_fifty(self) -> None:
        # A journal entry for each of 51 claims.
        for number in range(51):
            factories.record(factories.event(f"more-{number}"))
            rate.rate_pending(now=NOW, limit=1)
        client = operators.operator()
        first = client.get(reverse("admin:ledger_account_change", args=[RECEIVABLE]))

        older = client.get(
            reverse("admin:ledger_account_change", args=[RECEIVABLE])
            + operators.link(first, "Older")
        )

        assert len(first.context["postings"]) == 50
        everything = [*first.context["postings"], *older.context["postings"]]
        assert [one.id for one in everything] == sorted(
            {one.id for one in everything}, reverse=True
        )
        assert len(everything) == JournalEntry.objects.count()


class TestEntries:
    def test_show_both_sides_per_commodity(self) -> None:
        address = reverse("admin:ledger_journalentry_change", args=[JournalEntry.objects.get().pk])

        said = operators.text(operators.operator().get(address))

        assert "tokens 5,000 5,000 0" in said
        assert "J 5,808.000 5,808.000 0" in said

    def test_list_their_usage_by_fifty(self) -> None:
        factories.record(*(factories.event(f"many-{number}") for number in range(60)))
        assert rate.rate_pending(now=NOW) is not None
        entry = JournalEntry.objects.order_by("-id")[0]
        address = reverse("admin:ledger_journalentry_change", args=[entry.pk])
        client = operators.operator()
        first = client.get(address)

        second = client.get(address + operators.link(first, "Next"))

        ids = [line.id for line in (*first.context["lines"], *second.context["lines"])]
        expected = UsageEntry.objects.filter(journal_entry_id=entry.pk).order_by("id")
        assert len(first.context["lines"]) == 50
        assert ids == list(expected.values_list("id", flat=True))


class TestUsageEntries:
    def test_are_found_by_their_public_id(self) -> None:
        id_ = f"202610-{UsageEntry.objects.get(event_id='evt-1').pk}"

        answer = operators.operator().get("/admin/ledger/usageentry/", {"q": id_})

        assert len(answer.context["cl"].result_list) == 1
        assert id_ in operators.text(answer)

    def test_are_not_found_in_another_month(self) -> None:
        id_ = f"202609-{UsageEntry.objects.get(event_id='evt-1').pk}"

        answer = operators.operator().get("/admin/ledger/usageentry/", {"q": id_})

        assert len(answer.context["cl"].result_list) == 0

    @pytest.mark.parametrize("below", ["change", "history", "delete"])
    def test_are_never_looked_up_without_their_month(self, below: str) -> None:
        client = operators.operator()
        id_ = UsageEntry.objects.get(event_id="evt-1").pk

        for name in (str(id_), f"202610-{id_}"):
            with CaptureQueriesContext(connection) as captured:
                client.get(f"/admin/ledger/usageentry/{name}/{below}/")
            met = [one["sql"] for one in captured if "ledger_usage_entry" in one["sql"]]
            assert all("occurred_at" in sql.partition("WHERE")[2] for sql in met)

    def test_are_added_up_by_consumer_and_deployment(self) -> None:
        answer = operators.operator().get("/admin/ledger/usageentry/totals/", {"span": "2026-10"})

        said = operators.text(answer)
        assert "acme westcloud qwen 2 5,000 0.016614 CNY 0.002 0.001 0.000" in said

    @pytest.mark.parametrize(
        ("span", "named", "events"),
        [
            ("2026-10-05", "2026-10-05", 2),
            ("2026-10-06", "2026-10-06", 0),
            ("2026-09", "2026-09", 0),
            # Nothing sensible is said: the latest month with usage.
            ("", "2026-10", 2),
            ("0001-01-01", "2026-10", 2),
            ("9999-12", "2026-10", 2),
            ("soon", "2026-10", 2),
        ],
    )
    def test_are_added_up_over_a_month_or_a_day(self, span: str, named: str, events: int) -> None:
        answer = operators.operator().get("/admin/ledger/usageentry/totals/", {"span": span})

        assert answer.context["span"].name == named
        assert sum(line.used.events for line in answer.context["lines"]) == events


class TestSetAside:
    def test_lists_what_waits_with_its_reason_and_age(self) -> None:
        said = operators.text(operators.operator().get("/admin/ledger/usagebatch/set-aside/"))

        assert "evt-3" in said
        assert "unheard-of" in said
        assert "2026-10-20 12:00:00" in said

    def test_is_narrowed_to_a_reason(self) -> None:
        client = operators.operator()
        (reason,) = {
            line.reason
            for line in client.get("/admin/ledger/usagebatch/set-aside/").context["lines"]
        }

        same = client.get("/admin/ledger/usagebatch/set-aside/", {"reason": reason})
        other = client.get("/admin/ledger/usagebatch/set-aside/", {"reason": "no_fx_rate"})

        assert len(same.context["lines"]) == 1
        assert other.context["lines"] == []
