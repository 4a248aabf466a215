"""A delivery storm whose source states what it sent, over the real web server.

512 records of one source; 46 never arrive, the first and the last among them, the others 21 times
each, over eight connections, in shuffled batches of all sizes, half of them straight through intake
and half over HTTP. Of 26 records copies that say something else race with the others: whichever is
first is booked. What is booked, what is not, and what is missing is known exactly.
"""

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
import requests
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import audit
from ledger.parties.models import Source
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.completeness import numbers
from ledger.usage.completeness.numbers import Kind
from ledger.usage.completeness.spans import Span
from ledger.usage.models import Coverage, EventKey, UsageBatch
from settlement.audits import EVERY_AUDIT
from tests import callers, factories
from tests.at_once import at_once
from tests.served import served
from tests.settlement import factories as settling

RECORDS: Final = 512
COPIES: Final = 21
LOST: Final = 46
"""Nine per cent of 512, the first and the last among them."""

DISPUTED: Final = 26
"""Five per cent of 512: records of which some copies say something else."""

CONNECTIONS: Final = 8
SOURCE: Final = "urn:storm"
# In the past of every clock: the web server goes by the real one.
DAY: Final = datetime(2024, 10, 5, tzinfo=UTC)
NEXT_DAY: Final = DAY + timedelta(days=1)
# Pico-CNY a token of the small catalogue: what is read, what is found read, what is written.
INPUT, CACHED, OUTPUT = 3_432_733, 343_273, 10_298_200

Receipt = Mapping[str, int]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Storm:
    """What is sent: the numbers that never arrive, and every copy of the others."""

    lost: frozenset[int]
    copies: Sequence[Event]

    @classmethod
    def brewed(cls, dice: random.Random) -> "Storm":
        lost = {1, RECORDS, *dice.sample(range(2, RECORDS), LOST - 2)}
        arriving = [number for number in range(1, RECORDS + 1) if number not in lost]
        disputed = {*dice.sample(arriving, DISPUTED)}
        copies = [
            event(number, disputed=number in disputed and dice.random() < 0.5)
            for number in arriving
            for _ in range(COPIES)
        ]
        dice.shuffle(copies)
        return cls(frozenset(lost), copies)


def event(number: int, *, disputed: bool = False) -> Event:
    """Return a record of the stream; one that is disputed claims a thousand tokens more."""
    return factories.event(
        f"evt-{number}",
        source=SOURCE,
        sequence=number,
        occurred_at=DAY + number * timedelta(minutes=2, seconds=47),
        usage=counts(number) | ({"output": 1_000 + number} if disputed else {}),
    )


def counts(number: int) -> dict[str, int]:
    return {"input": 7 * number, "cache_read": 1_000 - number, "output": number}


def price(usage: Mapping[str, int]) -> int:
    return (
        usage["input"] * INPUT + usage["cache_read"] * CACHED + usage["output"] * OUTPUT
    )  # in pico-CNY


def batches(copies: Sequence[Event], dice: random.Random) -> Iterator[list[Event]]:
    """Yield the copies in batches of one to a hundred and fifty."""
    start = 0
    while start < len(copies):
        size = dice.choice([1, 2, 7, 30, 80, 150])
        yield list(copies[start : start + size])
        start += size


def through_intake(posts: Sequence[list[Event]]) -> list[Receipt]:
    receipts = [factories.record(*post, now=timezone.now()) for post in posts]
    return [
        {
            "accepted": receipt.accepted,
            "duplicates": receipt.count("duplicate"),
            "conflicts": receipt.count("conflict"),
            "rejected": receipt.count("rejected"),
        }
        for receipt in receipts
    ]


def over_http(posts: Sequence[list[Event]], *, site: str, key: str) -> list[Receipt]:
    receipts = []
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        session.headers["Content-Type"] = "application/cloudevents-batch+json"
        for post in posts:
            answer = session.post(f"{site}/v1/events", data=json.dumps(post), timeout=60)
            assert answer.status_code == 202, answer.text
            receipts.append(answer.json())
    return receipts


def booked() -> dict[int, dict[str, int]]:
    """Return the counts of every usage entry by the number of its record."""
    columns = ("event_id", "input", "cache_read", "output", "kind")
    found: dict[int, dict[str, int]] = {}
    for event_id, read, cached, written, kind in UsageEntry.objects.values_list(*columns):
        assert kind == "usage"
        number = int(event_id.removeprefix("evt-"))
        assert number not in found, "a record is booked once"
        found[number] = {"input": read, "cache_read": cached, "output": written}
    return found


def total(receipts: Sequence[Receipt], name: str) -> int:
    return sum(receipt[name] for receipt in receipts)


def expanded(items: Sequence[Mapping[str, Any]]) -> list[int]:
    return [number for item in items for number in range(int(item["first"]), int(item["last"]) + 1)]


@pytest.fixture
def site(database_url: str) -> Iterator[str]:
    settling.publish()
    with served(database_url) as address:
        yield address


@pytest.mark.django_db(transaction=True)
class TestStorm:
    def test_is_booked_once_and_what_is_missing_is_named(self, site: str) -> None:
        dice = random.Random(512)  # noqa: S311 - no secret
        storm = Storm.brewed(dice)
        key = callers.token("westcloud")

        receipts = self.let_loose(storm, dice, site=site, key=key)

        self.rate_everything()
        standing = booked()
        assert standing.keys() == {*range(1, RECORDS + 1)} - storm.lost
        self.receipts_account_for_every_copy(receipts, storm, standing)
        self.gaps_are_named(storm, standing, site=site, key=key)
        self.prices_are_exact(standing)
        assert audit.run(EVERY_AUDIT) == []

    def let_loose(self, storm: Storm, dice: random.Random, *, site: str, key: str) -> list[Receipt]:
        """Send every copy, over all connections at the same moment."""
        posts = list(batches(storm.copies, dice))
        acts: list[Callable[[], list[Receipt]]] = [
            partial(through_intake, posts[number::CONNECTIONS])
            if number % 2
            else partial(over_http, posts[number::CONNECTIONS], site=site, key=key)
            for number in range(CONNECTIONS)
        ]
        done = at_once(*acts)
        assert all(isinstance(one, list) for one in done), done
        return [receipt for receipts in done for receipt in receipts]

    def rate_everything(self) -> None:
        while rate.rate_pending(now=timezone.now()) is not None:
            pass
        assert not SetAside.objects.exists()

    def receipts_account_for_every_copy(
        self, receipts: list[Receipt], storm: Storm, standing: Mapping[int, Mapping[str, int]]
    ) -> None:
        """Of each record one copy is booked; those that say the same are duplicates of it."""
        arrived = RECORDS - LOST
        others = sum(
            copy["data"]["usage"] != standing[int(copy["sequence"])] for copy in storm.copies
        )
        assert len(storm.copies) == arrived * COPIES == 9_786
        assert others > DISPUTED
        assert total(receipts, "accepted") == arrived == 466
        assert total(receipts, "conflicts") == others
        assert total(receipts, "duplicates") == arrived * COPIES - arrived - others
        assert total(receipts, "rejected") == 0
        assert EventKey.objects.count() == arrived
        assert sum(Coverage.objects.values_list("events", flat=True)) == arrived
        assert sum(UsageBatch.objects.values_list("events", flat=True)) == arrived

    def gaps_are_named(
        self, storm: Storm, standing: Mapping[int, Mapping[str, int]], *, site: str, key: str
    ) -> None:
        """Before a manifest the edges are not missed; with it, everything that was lost is."""
        source = f"{site}/v1/sources/{Source.objects.get().id}"
        headers = {"Authorization": f"Bearer {key}"}
        span = {"from": DAY.isoformat(), "to": NEXT_DAY.isoformat(), "limit": "1000"}

        gaps = requests.get(f"{source}/gaps", params=span, headers=headers, timeout=30).json()

        assert expanded(gaps["items"]) == sorted(storm.lost - {1, RECORDS})
        assert gaps["late"]["events"] == 466

        every = range(1, RECORDS + 1)
        sent = {name: sum(counts(number)[name] for number in every) for name in counts(1)}
        manifest = {
            "window": {"starts_at": DAY.isoformat(), "ends_at": NEXT_DAY.isoformat()},
            "events": RECORDS,
            "tokens": sent,
            "first_sequence": 1,
            "last_sequence": RECORDS,
        }
        answer = requests.post(f"{source}/manifests", json=manifest, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        gaps = requests.get(f"{source}/gaps", params=span, headers=headers, timeout=30).json()

        assert {item["kind"] for item in gaps["items"]} == {"missing"}
        assert expanded(gaps["items"]) == sorted(storm.lost)
        assert gaps["missing"]["numbers"] == LOST
        assert gaps["repeated"]["numbers"] == gaps["extra"]["numbers"] == 0
        (window,) = gaps["windows"]["items"]
        assert (window["verdict"], window["missing_numbers"]) == ("missing", LOST)
        assert window["difference"]["events"] == -LOST
        for name, stated in sent.items():
            received = sum(usage[name] for usage in standing.values())
            assert window["difference"]["tokens"][name] == received - stated

    def prices_are_exact(self, standing: Mapping[int, Mapping[str, int]]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("""
                SELECT event_id, compute + energy + green + scarcity + margin
                FROM ledger_usage_entry
            """)
            prices = {int(event_id.removeprefix("evt-")): amount for event_id, amount in cursor}
        assert prices == {number: price(usage) for number, usage in standing.items()}
        tokens = sum(sum(usage.values()) for usage in standing.values())
        assert settling.balance("consumer:acme:tokens:TOK") == tokens


@pytest.mark.django_db
class TestDeliveries:
    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.lists(st.integers(1, 30), min_size=1, max_size=60),
        st.lists(st.integers(1, 9), min_size=1, max_size=12),
    )
    def test_leave_the_same_gaps_however_often_and_in_whatever_order_they_come(
        self, deliveries: list[int], sizes: list[int]
    ) -> None:
        if not UsageBatch.objects.exists():
            factories.publish()
        uri = f"urn:{uuid.uuid4()}"
        made = {
            number: factories.event(
                f"evt-{number}",
                source=uri,
                sequence=number,
                occurred_at=DAY + number * timedelta(minutes=10),
            )
            for number in deliveries
        }
        accepted: Counter[str] = Counter()
        rest = [made[number] for number in deliveries]
        while rest:
            size = sizes[len(rest) % len(sizes)]
            receipt = factories.record(*rest[:size])
            accepted["new"] += receipt.accepted
            accepted["duplicate"] += receipt.count("duplicate")
            rest = rest[size:]

        arrived = {*deliveries}
        found = numbers.ranges(
            Source.objects.get(uri=uri).id, span=Span(DAY, NEXT_DAY), after=None, limit=100
        )
        missing = [number for one in found.ranges for number in range(one.first, one.last + 1)]
        assert missing == sorted({*range(min(arrived), max(arrived))} - arrived)
        assert found.totals[Kind.REPEATED].numbers == 0
        assert accepted == Counter(new=len(arrived), duplicate=len(deliveries) - len(arrived))
