"""A hundred thousand random events with every feature on, against fractions and nothing else."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection

from ledger.pricing.slots import COMPONENTS
from ledger.rating import rate
from tests import factories
from tests.ledger.rating import drawn_catalogue
from tests.ledger.rating.drawn_catalogue import CONSUMERS, DEPLOYMENTS, MEDIA, TEXT, TIERS
from tests.ledger.rating.plain_prices import Oracle, Use, use_of

pytestmark = pytest.mark.django_db

EVENTS = 100_000
AT_ONCE = 10_000
FROM = datetime(2026, 10, 5, tzinfo=UTC)
NOW = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
ENTRIES = f"SELECT event_id, ARRAY[{', '.join(COMPONENTS)}] FROM ledger_usage_entry"
SET_ASIDE = "SELECT event_id, reason, missing FROM ledger_set_aside"
UNPRICED = {
    ("no_rate_for_audio_input", "profile:westcloud/loaded"),
    ("no_rate_for_audio_output", "profile:westcloud/loaded"),
    ("no_rate_for_image_input", "profile:westcloud/loaded"),
    ("no_rate_for_audio_output", "profile:westcloud/facility"),
    ("no_rate_for_image_input", "profile:westcloud/facility"),
    ("no_rate_for_image_input", "rate_card:westcloud/lister"),
    ("no_rate_for_audio_output", "rate_card:westcloud/lower"),
}
"""What is lacking for media: figures at two deployments, a price on the lists of two tiers."""


def drawn_event(random: Random, event_id: str) -> tuple[dict[str, Any], Use, dict[str, int]]:
    """Return an event, what it is priced by, and its tokens: most have some media."""
    deployment, consumer = random.choice(DEPLOYMENTS), random.choice(CONSUMERS)
    tier = random.choice(TIERS[consumer])
    at = FROM + timedelta(seconds=random.randrange(7 * 86_400))
    usage = {name: random.choice((0, 1, 700, random.randrange(6_000))) for name in TEXT}
    for name in MEDIA:
        some = random.random() < 0.25
        usage[name] = random.choice((1, 700, random.randrange(6_000))) if some else 0
    stated: dict[str, Any] = {} if tier == "standard" else {"service_tier": tier}
    event = factories.event(
        event_id,
        occurred_at=at,
        consumer=consumer,
        deployment=deployment,
        usage=usage,
        **stated,
    )
    use = use_of(deployment=deployment, consumer=consumer, tier=tier, usage=usage, at=at)
    return event, use, usage


def read(query: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        yield from cursor.fetchall()


class TestRating:
    @pytest.mark.timeout(600)
    def test_agrees_with_plain_fractions_on_a_hundred_thousand_random_events(self) -> None:
        random = Random(20261124)  # noqa: S311 - the same every time
        document = drawn_catalogue.catalogue(random)
        factories.publish(document)
        oracle = Oracle(document)
        expected: dict[str, list[int]] = {}
        expected_aside: dict[str, tuple[str, str]] = {}
        used = set()
        for first in range(0, EVENTS, AT_ONCE):
            events = []
            for number in range(first, first + AT_ONCE):
                event_id = f"e{number}"
                event, use, usage = drawn_event(random, event_id)
                events.append(event)
                lacking = oracle.aside(use, usage)
                if lacking is None:
                    used.add(use)
                    expected[event_id] = oracle.amounts(use, usage, COMPONENTS)
                else:
                    expected_aside[event_id] = lacking
            factories.post(json.dumps(events).encode())
        while rate.rate_pending(now=NOW) is not None:
            pass

        entries = {event_id: list(amounts) for event_id, amounts in read(ENTRIES)}
        aside = {event_id: (reason, missing) for event_id, reason, missing in read(SET_ASIDE)}

        assert (len(entries), len(aside)) == (len(expected), len(expected_aside))
        assert differing(entries, expected) == {}
        assert differing(aside, expected_aside) == {}
        # Everything was on: each deployment with each consumer, tier and step, at every hour.
        assert len(used) > 500
        assert any(amounts[COMPONENTS.index("energy")] < 0 for amounts in entries.values())
        assert any(amounts[COMPONENTS.index("margin")] < 0 for amounts in entries.values())
        assert set(aside.values()) == UNPRICED


def differing(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return the first three events of which something else is found than expected."""
    events = sorted(found.keys() | expected.keys())
    pairs = {one: (found.get(one), expected.get(one)) for one in events}
    unequal = [one for one in events if pairs[one][0] != pairs[one][1]]
    return {one: pairs[one] for one in unequal[:3]}
