"""The usage journal as the API tells it: to the provider all, to the consumer its part."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ledger.books.models import JournalEntry
from ledger.rating.archive import taking
from ledger.rating.identity import public_id
from ledger.rating.models import SetAside, UsageEntry
from ledger.tokens import TOKEN_CLASSES
from settlement.clearing import calendars
from tests import factories
from tests.correcting import amend, correct
from tests.settlement import factories as settling

KEPT = {"compute", "energy", "green", "scarcity", "margin", "fee_provider", "gpu_nanoseconds"}


def get(client: Client, path: str, status: int = 200) -> dict[str, Any]:
    """Read a path and return the answer."""
    response = client.get(path)
    assert response.status_code == status, response.content
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def id_of(event_id: str) -> str:
    """Return the public id of the usage entry of an event."""
    entry = UsageEntry.objects.get(event_id=event_id)
    return public_id(occurred_at=entry.occurred_at, id_=entry.id)


def entry_of(agreement: str) -> int:
    """Return the id of the agreement's journal entry."""
    return JournalEntry.objects.get(agreement__code=agreement).id


class TestUsageEntry:
    def test_tells_the_provider_what_was_consumed_and_earned(self, westcloud: Client) -> None:
        answer = get(westcloud, f"/v1/usage-entries/{id_of('acme-1')}")

        cost = answer.pop("cost")
        # 800 prefill, 1,200 cached (a tenth), 500 decoded (threefold): 2,420 prefill tokens' worth.
        # Green per token in whole pico-CNY: 800 × 667 + 1,200 × 67 + 500 × 2,000.
        assert cost == {
            "compute": "0.004840000000",
            "energy": "0.000290400000",
            "green": "0.000001614000",
            "scarcity": "0.002420000000",
            "margin": answer_margin(answer["price"], cost),
            "fee_provider": cost["fee_provider"],
            "gpu_seconds": "2.420000000000",
        }
        assert {key: answer[key] for key in ("provider", "consumer", "project", "deployment")} == {
            "provider": "westcloud",
            "consumer": "acme",
            "project": "acme-search",
            "deployment": "qwen",
        }
        assert {key: answer[key] for key in ("kind", "status", "event_id", "source", "row")} == {
            "kind": "usage",
            "status": "complete",
            "event_id": "acme-1",
            "source": factories.SOURCE,
            "row": 0,
        }
        assert answer["occurred_at"] == "2026-10-05T02:30:00Z"
        assert answer["entry"] == str(entry_of("westcloud-acme"))
        assert answer["tokens"] == {
            **dict.fromkeys(TOKEN_CLASSES, 0),
            "input": 800,
            "cache_read": 1_200,
            "output": 500,
        }
        assert answer["energy_joules"] == "2904.000000000000"

    def test_keeps_the_cost_from_a_consumer(self, acme: Client) -> None:
        answer = get(acme, f"/v1/usage-entries/{id_of('acme-1')}")

        assert answer["cost"] is None
        assert Decimal(answer["price"]) > 0
        assert Decimal(answer["fee_consumer"]) > 0

    def test_shows_a_consumer_the_cost_that_its_agreement_discloses(self, beta: Client) -> None:
        answer = get(beta, f"/v1/usage-entries/{id_of('beta-1')}")

        assert answer["cost"]["compute"] == "0.004840000000"

    def test_keeps_what_the_provider_wrote_beside_it(self, acme: Client) -> None:
        answer = get(acme, f"/v1/usage-entries/{id_of('acme-2')}")

        assert answer["attributes"] == {"request": "acme-r-2"}

    def test_of_others_does_not_exist(self, acme: Client) -> None:
        for id_ in (id_of("beta-1"), "202610-999999", "202611-1", "0-0", "000001-1", "x"):
            for below in ("", "/explain"):
                answer = get(acme, f"/v1/usage-entries/{id_}{below}", status=404)
                assert answer == {
                    "type": "/problems/no-such-usage-entry",
                    "title": "There is no such usage entry",
                    "status": 404,
                    "detail": f"there is no usage entry '{id_}'",
                    "public_id": id_,
                }

    def test_takes_two_queries(
        self, acme: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        id_ = id_of("acme-1")
        get(acme, "/v1/accounts")

        with django_assert_num_queries(2):  # the key, the entry
            get(acme, f"/v1/usage-entries/{id_}")

    def test_meets_one_partition(self, westcloud: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_add_usage_month('2026-11-01')")
        id_ = id_of("acme-1")

        with connection.execute_wrapper(Plans()) as _:
            get(westcloud, f"/v1/usage-entries/{id_}")

        assert Plans.seen, "the entry was read"
        assert "ledger_usage_entry_202610" in Plans.seen[-1]
        assert "ledger_usage_entry_202611" not in Plans.seen[-1]


class Plans:
    """Explain every query that reads the usage journal before it runs."""

    seen: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "ledger_usage_entry" in sql and not sql.startswith("EXPLAIN"):
            with connection.connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + sql, params)
                self.seen.append(" ".join(line for (line,) in cursor.fetchall()))
        return execute(sql, params, many, context)


class TestUsageOfEntry:
    def test_adds_up_to_the_postings_of_the_entry(self, platform: Client) -> None:
        entry_id = entry_of("westcloud-acme")
        usage = get(platform, f"/v1/entries/{entry_id}/usage")["items"]
        postings = {
            posting["account"]: Decimal(posting["amount"])
            for posting in get(platform, f"/v1/entries/{entry_id}")["postings"]
        }

        charged = sum(Decimal(one["price"]) + Decimal(one["fee_consumer"]) for one in usage)
        joules = sum(Decimal(one["energy_joules"]) for one in usage)

        assert len(usage) == 2
        assert charged == postings["consumer:acme:receivable:CNY"]
        assert joules == postings["consumer:acme:energy:J"]
        assert sum(Decimal(one["cost"]["margin"]) for one in usage) == (
            -postings["provider:westcloud:payable:margin:CNY"]
        )

    def test_is_read_page_by_page(self, acme: Client) -> None:
        first = get(acme, f"/v1/entries/{entry_of('westcloud-acme')}/usage?limit=1")
        second = get(acme, first["next"])

        assert [one["event_id"] for page in (first, second) for one in page["items"]] == [
            "acme-1",
            "acme-2",
        ]
        assert second["next"] is None

    def test_keeps_the_cost_from_a_consumer(self, acme: Client) -> None:
        answer = get(acme, f"/v1/entries/{entry_of('westcloud-acme')}/usage")

        assert [one["cost"] for one in answer["items"]] == [None, None]

    def test_takes_four_queries_for_any_number_of_them(
        self, acme: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        entry_id = entry_of("westcloud-acme")
        get(acme, "/v1/accounts")

        # The key, the journal entry, whether some of it is archived, its usage.
        with django_assert_num_queries(4):
            get(acme, f"/v1/entries/{entry_id}/usage")


class TestAnArchivedMonth:
    """What there was of it is not here, and no answer looks as if it had never been."""

    @pytest.fixture
    def archived(self, books: None, tmp_path: Path) -> str:
        """Archive the month of everything and return the id that a usage entry had."""
        id_ = id_of("acme-1")
        maker = settling.user("maker")
        calendars.close_month(
            starts_on=settling.OCTOBER, user=maker, now=settling.NOW, despite_waiting=True
        )
        SetAside.objects.all().delete()
        taking.archive_month(
            settling.OCTOBER, folder=tmp_path, by="tests", now=settling.NOW, drop=True
        )
        return id_

    @pytest.mark.parametrize("path", ["/v1/usage-entries/{id}", "/v1/usage-entries/{id}/explain"])
    def test_is_named_to_whoever_asks_for_one_of_its_usage_entries(
        self, path: str, archived: str, acme: Client
    ) -> None:
        answer = get(acme, path.format(id=archived), 410)

        assert answer["type"] == "/problems/month-archived"
        assert answer["month"] == "2026-10"
        assert "restore_month 2026-10" in answer["detail"]

    def test_is_named_to_whoever_asks_for_the_usage_of_a_journal_entry(
        self, archived: str, acme: Client
    ) -> None:
        entry_id = entry_of("westcloud-acme")

        answer = get(acme, f"/v1/entries/{entry_id}/usage", 410)

        assert (answer["type"], answer["month"]) == ("/problems/month-archived", "2026-10")
        assert get(acme, f"/v1/entries/{entry_id}")["postings"] != []

    def test_says_nothing_of_journal_entries_of_others(self, archived: str, acme: Client) -> None:
        get(acme, f"/v1/entries/{entry_of('eastcloud-beta')}/usage", 404)

    def test_is_not_taken_for_another(self, archived: str, acme: Client) -> None:
        get(acme, "/v1/usage-entries/202611-1", 404)
        get(acme, "/v1/usage-entries/nonsense", 404)


class TestExplain:
    def test_multiplies_before_the_eyes_of_the_provider(self, westcloud: Client) -> None:
        answer = get(westcloud, f"/v1/usage-entries/{id_of('acme-1')}/explain")

        compute = next(line for line in answer["lines"] if line["component"] == "compute")
        assert compute == {
            "component": "compute",
            "unit": "CNY",
            "products": [
                product("input", 800, "0.000002000000", "0.001600000000"),
                product("cache_read", 1_200, "0.000000200000", "0.000240000000"),
                product("output", 500, "0.000006000000", "0.003000000000"),
            ],
            "amount": "0.004840000000",
            "booked": "0.004840000000",
            "agrees": True,
        }
        assert answer["slot"]["starts_at"] == "2026-10-05T02:30:00Z"
        assert all(line["agrees"] for line in answer["lines"])
        assert answer["slot_rate"]["inputs"] is not None
        assert {one["grade"] for one in answer["provenance"]} == {"I"}
        # Neither hardware nor water is described: unknown, and not zero.
        assert answer["reported"] == {"embodied_grams": None, "water_litres": None}

    def test_keeps_the_cost_from_a_consumer(self, acme: Client) -> None:
        answer = get(acme, f"/v1/usage-entries/{id_of('acme-1')}/explain")

        assert {line["component"] for line in answer["lines"]} == {
            "price",
            "fee_consumer",
            "energy_microjoules",
            "co2_location_nanograms",
            "co2_market_nanograms",
        }
        assert answer["price_rate"]["inputs"] is answer["slot_rate"]["inputs"] is None
        assert answer["provenance"] == []
        assert answer["reported"] is None
        assert answer["usage_entry"]["cost"] is None

    def test_shows_a_consumer_what_its_agreement_discloses(self, beta: Client) -> None:
        answer = get(beta, f"/v1/usage-entries/{id_of('beta-1')}/explain")

        assert {line["component"] for line in answer["lines"]} >= KEPT
        assert answer["slot_rate"]["inputs"] is not None

    @pytest.mark.parametrize(("event_id", "queries"), [("acme-2", 8), ("acme-1", 9)])
    def test_takes_eight_queries_and_one_for_mapped_names(
        self,
        westcloud: Client,
        django_assert_num_queries: DjangoAssertNumQueries,
        event_id: str,
        queries: int,
    ) -> None:
        id_ = id_of(event_id)
        get(westcloud, "/v1/accounts")

        # Key, line, entry, its rates, provenance, corrections, re-ratings, the tariff's terms.
        with django_assert_num_queries(queries):
            get(westcloud, f"/v1/usage-entries/{id_}/explain")

    def test_says_what_it_corrects_and_why_and_who_asked(self, acme: Client) -> None:
        original = id_of("acme-2")
        correct(amend("acme-2", usage={"input": 1}))
        replacement = UsageEntry.objects.get(event_id="acme-2", kind="rerate")
        id_ = public_id(occurred_at=replacement.occurred_at, id_=replacement.pk)

        booked = get(acme, f"/v1/usage-entries/{id_}/explain")
        taken = get(acme, f"/v1/usage-entries/{original}/explain")

        assert booked["usage_entry"]["corrects"] == original
        assert all(line["agrees"] for line in booked["lines"])
        (why,) = booked["corrections"]
        assert {key: why[key] for key in ("did", "act", "reason", "requested_by")} == {
            "did": "booked",
            "act": "amend",
            "reason": "counted wrongly",
            "requested_by": "clearwatt",
        }
        assert taken["corrections"] == [{**why, "did": "took_back"}]

    def test_tells_how_its_names_were_written_and_understood(self, acme: Client) -> None:
        answer = get(acme, f"/v1/usage-entries/{id_of('acme-1')}/explain")

        (name,) = answer["names"]
        assert answer["usage_entry"]["consumer"] == "acme"
        assert answer["usage_entry"]["written"] == {"consumer": "acme-key"}
        assert (name["kind"], name["written"], name["code"]) == ("consumer", "acme-key", "acme")
        assert (name["every_source"], name["valid_from"]) == (True, "2023-01-01T00:00:00Z")
        assert get(acme, f"/v1/usage-entries/{id_of('acme-2')}/explain")["names"] == []


def product(token_class: str, tokens: int, rate_: str, amount: str) -> dict[str, Any]:
    """Return a product as the API tells it."""
    return {"token_class": token_class, "tokens": tokens, "rate": rate_, "amount": amount}


def answer_margin(price: str, cost: dict[str, str]) -> str:
    """Return what is left of the price beyond the four parts."""
    parts = ("compute", "energy", "green", "scarcity")
    return f"{Decimal(price) - sum(Decimal(cost[part]) for part in parts):.12f}"
