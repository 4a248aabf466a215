"""A hundred thousand random events with every feature on, against fractions and nothing else."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection

from ledger.pricing.slots import COMPONENTS
from ledger.rating import rate
from tests import factories
from tests.ledger.rating import plain_prices
from tests.ledger.rating.plain_prices import CLASSES, CONSUMERS, DEPLOYMENTS, TIERS, Oracle, use_of

pytestmark = pytest.mark.django_db

EVENTS = 100_000
AT_ONCE = 10_000
FROM = datetime(2026, 10, 5, tzinfo=UTC)
NOW = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
ENTRIES = f"SELECT event_id, ARRAY[{', '.join(COMPONENTS)}] FROM ledger_usage_entry"


class TestRating:
    @pytest.mark.timeout(600)
    def test_agrees_with_plain_fractions_on_a_hundred_thousand_random_events(self) -> None:
        random = Random(20261124)  # noqa: S311 - the same every time
        document = plain_prices.catalogue(random)
        factories.publish(document)
        oracle = Oracle(document)
        expected: dict[str, list[int]] = {}
        used = set()
        for first in range(0, EVENTS, AT_ONCE):
            events = []
            for number in range(first, first + AT_ONCE):
                deployment, consumer = random.choice(DEPLOYMENTS), random.choice(CONSUMERS)
                tier = random.choice(TIERS[consumer])
                at = FROM + timedelta(seconds=random.randrange(7 * 86_400))
                tokens = [random.choice((0, 1, 700, random.randrange(6_000))) for _ in CLASSES]
                usage = dict(zip(CLASSES, tokens, strict=True))
                event_id = f"e{number}"
                stated: dict[str, Any] = {} if tier == "standard" else {"service_tier": tier}
                events.append(
                    factories.event(
                        event_id,
                        occurred_at=at,
                        consumer=consumer,
                        deployment=deployment,
                        usage=usage,
                        **stated,
                    )
                )
                use = use_of(
                    deployment=deployment,
                    consumer=consumer,
                    tier=tier,
                    prompt_tokens=sum(tokens[:4]),
                    at=at,
                )
                used.add(use)
                rates = oracle.rates(use)
                expected[event_id] = [
                    sum(usage[name] * rates[name][component] for name in CLASSES)
                    for component in COMPONENTS
                ]
            factories.post(json.dumps(events).encode())
        while rate.rate_pending(now=NOW) is not None:
            pass

        with connection.cursor() as cursor:
            cursor.execute(ENTRIES)
            entries = {event_id: list(amounts) for event_id, amounts in cursor.fetchall()}

        assert len(entries) == EVENTS
        differing = {
            one: (entries[one], expected[one]) for one in entries if entries[one] != expected[one]
        }
        assert dict(list(differing.items())[:3]) == {}
        # Everything was on: each deployment with each consumer, tier and step, at every hour.
        assert len(used) > 500
        assert any(amounts[COMPONENTS.index("energy")] < 0 for amounts in entries.values())
        assert any(amounts[COMPONENTS.index("margin")] < 0 for amounts in entries.values())
