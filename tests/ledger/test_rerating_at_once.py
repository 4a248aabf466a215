"""Re-rating by many at the same moment, beside corrections and rating: each entry once."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from ledger import audit
from ledger.rating import rate
from ledger.rating.models import UsageEntry
from ledger.rating.rerating.applying import apply_approved
from ledger.rating.rerating.models import Rerating, ReratingClaim
from settlement.audits import EVERY_AUDIT
from tests import rerating
from tests.at_once import workers
from tests.callers import user
from tests.correcting import amend, apply, ask, void
from tests.factories import NOW
from tests.ledger.test_concurrency import deadlocks, record_batches
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS: Final = 400
DOUBLE_ENERGY: Final = 580_800_000
"""pico-CNY an event at 0.72 CNY/kWh: 2 × (800 × 120,000 + 1,200 × 12,000 + 500 × 360,000)."""


@pytest.fixture(autouse=True)
def _books_in_order(database_url: str) -> Iterator[None]:
    """Publish before the test; after it no audit objects, and nobody deadlocked."""
    settling.publish()
    for name in ("proposer", "approver", "corrector"):
        user(name)
    before = deadlocks()
    yield
    assert audit.run(EVERY_AUDIT) == []
    assert deadlocks() == before


def use() -> list[str]:
    """Record events, rate them, and find that electricity was dearer."""
    ids = sorted(record_batches(EVENTS // 20, events=20))
    while rate.rate_pending(now=NOW) is not None:
        pass
    rerating.publish(rerating.electricity("0.72"))
    return ids


class TestApplying:
    def test_by_three_workers_takes_each_entry_back_once(self, database_url: str) -> None:
        use()
        run = rerating.approve(rerating.propose())

        with workers(3, "apply_approved", database_url=database_url, now=NOW, limit=25):
            pass
        rerating.apply()

        run.refresh_from_db()
        reversals = UsageEntry.objects.filter(kind="reversal")
        assert run.state == "applied"
        assert (reversals.count(), reversals.values("corrects_id").distinct().count()) == (
            EVENTS,
            EVENTS,
        )
        assert ReratingClaim.objects.filter(rerating=run).count() >= EVENTS // 25

    def test_beside_corrections_takes_nothing_back_twice(self, database_url: str) -> None:
        ids = use()
        run = rerating.approve(rerating.propose())
        assert apply_approved(now=NOW, limit=1) is not None, "it begins"
        ask(*(void(event_id) for event_id in ids[::4]))
        ask(*(amend(event_id, project="moved") for event_id in ids[1::4]))

        with (
            workers(2, "apply_approved", database_url=database_url, now=NOW, limit=15),
            workers(2, "apply_pending", database_url=database_url, now=NOW, limit=10),
        ):
            pass
        rerating.apply()
        apply(now=NOW + timedelta(hours=2))

        assert Rerating.objects.get(pk=run.pk).state == "applied"
        corrected = UsageEntry.objects.exclude(corrects_id=None)
        assert corrected.count() == corrected.values("corrects_id", "kind").distinct().count()
        assert settling.balance("consumer:acme:tokens:TOK") == EVENTS * 3 // 4 * 2_500
        assert settling.balance("provider:westcloud:payable:energy:CNY") == -(
            Decimal(EVENTS * 3 // 4 * DOUBLE_ENERGY).scaleb(-12)
        )

    def test_beside_rating_leaves_every_event_at_its_right_price(self, database_url: str) -> None:
        use()
        rerating.approve(rerating.propose())
        more = record_batches(20, events=20, source="urn:gateway:west-2")

        with (
            workers(2, "rate_pending", database_url=database_url, now=NOW, limit=40),
            workers(1, "apply_approved", database_url=database_url, now=NOW, limit=25),
        ):
            pass
        rerating.apply()

        total = (EVENTS + len(more)) * DOUBLE_ENERGY
        balance = settling.balance("provider:westcloud:payable:energy:CNY")
        assert balance == -Decimal(total).scaleb(-12)
