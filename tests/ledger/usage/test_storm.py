"""A delivery storm: what comes again and again, in any order and by many ways, is booked once."""

import json
import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, Final

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from ledger import audit
from ledger.books.models import Posting
from ledger.parties.models import Source
from ledger.rating import rate
from ledger.rating.models import UsageEntry
from ledger.usage.models import EventKey
from settlement.audits import EVERY_AUDIT
from tests import callers, factories
from tests.at_once import at_once

ARRIVING: Final = 512
TIMES: Final = 21
NEVER: Final = 51
"""9 % of the stream's 563 events."""

CONFLICTING: Final = 26
"""5 % of those that arrive."""

CONNECTIONS: Final = 8
RECEIVABLE: Final = Decimal("0.0083487499")
"""What the consumer owes for one of the events, worked by hand in `factories.catalogue`."""

Event = dict[str, Any]
pytestmark = pytest.mark.django_db(transaction=True)


def stream() -> tuple[list[Event], set[int]]:
    """Return the events that arrive, numbered within the stream, and the numbers that never do."""
    numbers = range(ARRIVING + NEVER)
    chance = random.Random(512)  # noqa: S311 - which get lost, the same every time
    # The first and the last arrive: what is lost before or behind them nobody could know.
    lost = set(chance.sample(numbers[1:-1], NEVER))
    started_at = factories.OCCURRED_AT
    events = [
        factories.event(f"evt-{number}", occurred_at=started_at + timedelta(seconds=2 * number))
        | {"sequence": str(number)}
        for number in numbers
        if number not in lost
    ]
    return events, lost


def otherwise(event: Event) -> Event:
    """Return the event with its id and another content."""
    return event | {"data": event["data"] | {"usage": {"input": 801}}}


def batches(deliveries: list[Event], chance: random.Random) -> list[list[Event]]:
    """Return deliveries in any order, cut into batches of one to seven hundred."""
    chance.shuffle(deliveries)
    waiting = iter(deliveries)
    cut = []
    while batch := list(islice(waiting, chance.choice((1, 2, 17, 120, 512, 700)))):
        cut.append(batch)
    return cut


def by_http(client: Client, batch: list[Event]) -> Counter[str]:
    answer = client.post(
        "/v1/events", json.dumps(batch), content_type="application/cloudevents-batch+json"
    ).json()
    return Counter({name: answer[name] for name in COUNTED})


def directly(batch: list[Event]) -> Counter[str]:
    receipt = factories.record(*batch)
    counted = (receipt.accepted, *(receipt.count(name) for name in ("duplicate", "conflict")))
    return Counter(dict(zip(COUNTED, (*counted, receipt.count("rejected")), strict=True)))


COUNTED: Final = ("accepted", "duplicates", "conflicts", "rejected")


def deliver(client: Client, mine: list[list[Event]]) -> Counter[str]:
    """Post batches by one connection, every other one through the web."""
    counted: Counter[str] = Counter()
    for number, batch in enumerate(mine):
        counted += by_http(client, batch) if number % 2 else directly(batch)
    connections.close_all()
    return counted


class TestAStorm:
    def test_is_counted_exactly_and_booked_once(self) -> None:
        factories.publish()
        client = callers.client("westcloud")
        events, lost = stream()
        chance = random.Random(21)  # noqa: S311 - the order of arrival, the same every time
        disputed = chance.sample(events, CONFLICTING)
        first = directly(disputed)
        again = [event for event in events for _ in range(TIMES)]
        for event in disputed:
            again.remove(event)
        cut = batches(again + [otherwise(event) for event in disputed], chance)

        counted = first + sum(
            at_once(
                *(partial(deliver, client, cut[one::CONNECTIONS]) for one in range(CONNECTIONS))
            ),
            Counter(),
        )

        assert counted == Counter(
            accepted=ARRIVING, duplicates=ARRIVING * (TIMES - 1), conflicts=CONFLICTING
        )
        assert EventKey.objects.count() == ARRIVING
        while rate.rate_pending(now=timezone.now()) is not None:
            pass
        booked = set(UsageEntry.objects.values_list("event_id", flat=True))
        assert booked == {event["id"] for event in events}
        assert UsageEntry.objects.count() == ARRIVING
        owed = Posting.objects.filter(account__code="consumer:acme:receivable:CNY")
        assert sum(posting.amount for posting in owed) == ARRIVING * RECEIVABLE
        assert missing(client) == lost
        assert audit.run(EVERY_AUDIT) == []


def missing(client: Client) -> set[int]:
    """Return the numbers that the source's gaps name, page by page."""
    source = Source.objects.get()
    address = f"/v1/sources/{source.id}/gaps?from=2026-10-05T00:00:00Z&to=2026-10-06T00:00:00Z"
    named: set[int] = set()
    while address:
        page = client.get(address).json()
        assert page["missing"]["numbers"] == NEVER
        assert page["repeated"]["numbers"] == 0
        for gap in page["items"]:
            named |= set(range(int(gap["first"]), int(gap["last"]) + 1))
        address = page["next"]
    return named
