"""The books as the API tells them."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ledger.books import journal
from ledger.books.entries import Draft
from ledger.books.models import JournalEntry
from tests.factories import NOW, OCCURRED_AT

RECEIVABLE = "consumer:acme:receivable:CNY"
DAY = OCCURRED_AT.date()


def get(client: Client, path: str, status: int = 200) -> dict[str, Any]:
    """Read a path and return the answer."""
    response = client.get(path)
    assert response.status_code == status, response.content
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def post(amount: str, narrative: str = "by hand", account: str = RECEIVABLE) -> int:
    """Post an amount on the receivable of acme, today; return the entry's id."""
    draft = Draft(
        kind="manual",
        accounting_date=DAY,
        narrative=narrative,
        postings=((account, Decimal(amount)), ("platform:cash:manual:CNY", -Decimal(amount))),
    )
    with transaction.atomic():
        return journal.post([draft], now=NOW)[0]


class TestAccounts:
    def test_are_those_that_the_party_owns_by_code(self, acme: Client) -> None:
        answer = get(acme, "/v1/accounts")

        assert [account["code"] for account in answer["items"]] == [
            "consumer:acme:co2_location:CO2E_L",
            "consumer:acme:co2_market:CO2E_M",
            "consumer:acme:energy:J",
            "consumer:acme:receivable:CNY",
            "consumer:acme:tokens:TOK",
        ]
        assert answer["next"] is None
        assert answer["items"][3] == {
            "code": RECEIVABLE,
            "party": "acme",
            "purpose": "receivable",
            "component": "",
            "commodity": "CNY",
        }

    def test_are_all_for_the_platform(self, platform: Client) -> None:
        codes = [one["code"] for one in get(platform, "/v1/accounts")["items"]]

        assert {"platform:fees:CNY", RECEIVABLE, "consumer:beta:receivable:CNY"} <= set(codes)

    @pytest.mark.parametrize(
        ("query", "codes"),
        [
            ("prefix=consumer:acme:e", ["consumer:acme:energy:J"]),
            ("commodity=CNY", [RECEIVABLE]),
            ("prefix=consumer:acme:e&commodity=CNY", []),
            ("prefix=%25", []),
        ],
    )
    def test_are_filtered(self, acme: Client, query: str, codes: list[str]) -> None:
        answer = get(acme, f"/v1/accounts?{query}")

        assert [account["code"] for account in answer["items"]] == codes

    def test_are_read_page_by_page_without_loss(self, acme: Client) -> None:
        seen, path = [], "/v1/accounts?limit=2"

        while path:
            page = get(acme, path)
            seen += [account["code"] for account in page["items"]]
            path = page["next"]

        assert seen == [one["code"] for one in get(acme, "/v1/accounts")["items"]]

    def test_take_two_queries(
        self, acme: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        get(acme, "/v1/accounts")

        with django_assert_num_queries(2):  # the key, the page
            get(acme, "/v1/accounts")


class TestAccount:
    @pytest.mark.parametrize("code", [RECEIVABLE, quote(RECEIVABLE, safe="")])
    def test_is_found_with_its_colons_encoded_or_not(self, acme: Client, code: str) -> None:
        assert get(acme, f"/v1/accounts/{code}")["code"] == RECEIVABLE

    @pytest.mark.parametrize(
        "code",
        ["consumer:beta:receivable:CNY", "consumer:nobody:receivable:CNY", "platform:fees:CNY"],
    )
    @pytest.mark.parametrize("below", ["", "/balance", "/postings"])
    def test_of_others_does_not_exist(self, acme: Client, code: str, below: str) -> None:
        answer = get(acme, f"/v1/accounts/{code}{below}", status=404)

        assert answer == {
            "type": "/problems/no-such-account",
            "title": "There is no such account",
            "status": 404,
            "detail": f"there is no account '{code}'",
            "code": code,
        }


class TestBalance:
    def test_is_debit_positive_with_twelve_decimals(self, acme: Client) -> None:
        before = Decimal(get(acme, f"/v1/accounts/{RECEIVABLE}/balance")["balance"])
        post("1000000000000.000000000001")
        post("-0.25")

        answer = get(acme, f"/v1/accounts/{RECEIVABLE}/balance")

        assert answer == {
            "account": RECEIVABLE,
            "commodity": "CNY",
            "as_of": None,
            "debits": f"{before + Decimal('1000000000000.000000000001'):.12f}",
            "credits": "0.250000000000",
            "balance": f"{before + Decimal('999999999999.750000000001'):.12f}",
        }

    def test_is_zero_before_the_first_posting(self, acme: Client) -> None:
        answer = get(acme, f"/v1/accounts/{RECEIVABLE}/balance?as_of=2026-10-04")

        assert answer["as_of"] == "2026-10-04"
        assert answer["balance"] == answer["debits"] == answer["credits"] == "0.000000000000"

    def test_holds_the_day_that_it_is_asked_for(self, acme: Client) -> None:
        path = f"/v1/accounts/{RECEIVABLE}/balance"

        assert get(acme, f"{path}?as_of={DAY}")["balance"] == get(acme, path)["balance"]

    @pytest.mark.parametrize("as_of", ["", "yesterday", "2026-13-01", "20261001", "2026-10-01T00"])
    def test_wants_a_date(self, acme: Client, as_of: str) -> None:
        answer = get(acme, f"/v1/accounts/{RECEIVABLE}/balance?as_of={as_of}", status=400)

        assert (answer["type"], answer["parameter"]) == ("/problems/invalid-parameter", "as_of")

    def test_refuses_a_parameter_that_it_does_not_know(self, acme: Client) -> None:
        answer = get(acme, f"/v1/accounts/{RECEIVABLE}/balance?asof=2026-10-01", status=400)

        assert answer["parameter"] == "asof"

    def test_takes_three_queries(
        self, acme: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        get(acme, "/v1/accounts")

        with django_assert_num_queries(3):  # the key, the account, its counters
            get(acme, f"/v1/accounts/{RECEIVABLE}/balance")


class TestPostings:
    def test_are_told_newest_first(self, acme: Client) -> None:
        entry = post("2", "the second")
        latest = post("3", "the third")

        answer = get(acme, f"/v1/accounts/{RECEIVABLE}/postings")

        assert (answer["account"], answer["commodity"]) == (RECEIVABLE, "CNY")
        assert [one["entry"] for one in answer["items"]][:2] == [str(latest), str(entry)]
        assert {key: answer["items"][0][key] for key in ("amount", "kind", "narrative")} == {
            "amount": "3.000000000000",
            "kind": "manual",
            "narrative": "the third",
        }
        assert answer["items"][0]["recorded_at"] == "2026-10-20T12:00:00Z"
        assert answer["items"][0]["accounting_date"] == "2026-10-05"

    def test_keep_their_pages_while_others_are_posted(self, acme: Client) -> None:
        for number in range(1, 5):
            post(str(number))
        path = f"/v1/accounts/{RECEIVABLE}/postings"
        everything = [one["id"] for one in get(acme, path)["items"]]

        first = get(acme, f"{path}?limit=2")
        post("99", "in between")
        second = get(acme, first["next"])
        third = get(acme, second["next"])

        assert [one["id"] for page in (first, second, third) for one in page["items"]] == everything
        assert third["next"] is None

    @pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "1e2", "", "٣"])
    def test_refuse_pages_of_no_size(self, acme: Client, limit: str) -> None:
        answer = get(acme, f"/v1/accounts/{RECEIVABLE}/postings?limit={limit}", status=400)

        assert (answer["type"], answer["parameter"]) == ("/problems/invalid-parameter", "limit")

    @pytest.mark.parametrize(
        "cursor", ["", "x", "bnVsbA", "WyJhIl0", "WzEsMl0", "W3RydWVd", "WzFlOTld", "ä", "W1tbW1s"]
    )
    def test_refuse_a_cursor_of_other_making(self, acme: Client, cursor: str) -> None:
        path = f"/v1/accounts/{RECEIVABLE}/postings?cursor={cursor}"

        assert get(acme, path, status=400)["type"] == "/problems/invalid-cursor"

    def test_take_three_queries_for_any_number_of_them(
        self, acme: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(1, 10):
            post(str(number))
        get(acme, "/v1/accounts")

        with django_assert_num_queries(3):  # the key, the account, its postings
            get(acme, f"/v1/accounts/{RECEIVABLE}/postings")


class TestEntry:
    def usage_entry_of(self, agreement: str) -> JournalEntry:
        return JournalEntry.objects.get(agreement__code=agreement)

    def test_shows_a_consumer_its_own_postings(self, acme: Client) -> None:
        entry = self.usage_entry_of("westcloud-acme")

        answer = get(acme, f"/v1/entries/{entry.id}")

        assert {key: answer[key] for key in ("id", "kind", "agreement", "period_starts_on")} == {
            "id": str(entry.id),
            "kind": "usage",
            "agreement": "westcloud-acme",
            "period_starts_on": "2026-10-01",
        }
        assert [posting["account"] for posting in answer["postings"]] == [
            "consumer:acme:co2_location:CO2E_L",
            "consumer:acme:co2_market:CO2E_M",
            "consumer:acme:energy:J",
            "consumer:acme:receivable:CNY",
            "consumer:acme:tokens:TOK",
        ]
        assert answer["postings"][4]["amount"] == "5000.000000000000"

    def test_shows_the_platform_that_it_balances(self, platform: Client) -> None:
        entry = self.usage_entry_of("westcloud-acme")
        sums: dict[str, Decimal] = {}

        for posting in get(platform, f"/v1/entries/{entry.id}")["postings"]:
            commodity = posting["commodity"]
            sums[commodity] = sums.get(commodity, Decimal(0)) + Decimal(posting["amount"])

        assert sums == dict.fromkeys(["CNY", "TOK", "J", "CO2E_L", "CO2E_M"], Decimal(0))

    def test_names_what_it_reverses_and_what_reverses_it(self, platform: Client) -> None:
        entry = post("7")
        with transaction.atomic():
            reversal = journal.reverse(
                entry, accounting_date=DAY, narrative="back", period_id=None, now=NOW
            )

        assert get(platform, f"/v1/entries/{entry}")["reversed_by"] == str(reversal)
        assert get(platform, f"/v1/entries/{reversal}")["reverses"] == str(entry)

    @pytest.mark.parametrize("below", ["", "/usage"])
    def test_of_others_does_not_exist(self, acme: Client, below: str) -> None:
        others = self.usage_entry_of("eastcloud-beta").id
        none = 10**30

        for entry_id in (others, none):
            answer = get(acme, f"/v1/entries/{entry_id}{below}", status=404)
            assert answer == {
                "type": "/problems/no-such-entry",
                "title": "There is no such journal entry",
                "status": 404,
                "detail": f"there is no journal entry {entry_id}",
                "entry_id": entry_id,
            }

    def test_takes_two_queries(
        self, acme: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        entry = self.usage_entry_of("westcloud-acme")
        get(acme, "/v1/accounts")

        with django_assert_num_queries(2):  # the key, the entry with its postings
            get(acme, f"/v1/entries/{entry.id}")
