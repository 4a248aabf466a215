"""Audits say nothing about books that nobody has touched."""

from collections import Counter

import pytest

from ledger import audit
from ledger.books.models import JournalEntry, Period
from ledger.rating.archive.models import ArchivedMonth
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import Correction, UsageBatch
from settlement.audits import EVERY_AUDIT
from settlement.clearing.models import Netting, Settlement
from tests import factories
from tests.ledger.audit import books
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db


class TestRun:
    def test_finds_nothing_in_books_with_something_of_everything(self) -> None:
        books.keep()

        assert audit.run(EVERY_AUDIT) == []
        assert SetAside.objects.get().event_id == "aside"
        assert UsageEntry.objects.filter(kind="usage").count() == 22
        assert UsageEntry.objects.filter(kind="reversal").count() == 10
        assert UsageEntry.objects.filter(kind="rerate").count() == 8
        assert UsageEntry.objects.filter(written__isnull=False).count() == 5
        assert set(ArchivedMonth.objects.values_list("month", "rows", "restored__origin")) == {
            (books.AUGUST, 6, None),
            (books.SEPTEMBER, 3, "table"),
        }
        assert Counter(Correction.objects.values_list("act", "state")) == {
            ("amend", "applied"): 7,
            ("amend", "waiting"): 2,
            ("void", "applied"): 3,
            ("supersede", "applied"): 1,
            ("supersede", "refused"): 1,
        }
        assert UsageBatch.objects.filter(payload=None).count() == 1
        assert JournalEntry.objects.filter(prior_period=True).count() == 9
        assert JournalEntry.objects.filter(kind="reversal").count() == 1
        assert Period.objects.filter(state="closed").count() == 13
        assert Netting.objects.filter(settlement__state="approved").count() == 1
        assert set(Settlement.objects.values_list("currency", "state")) == {
            ("CNY", "approved"),
            ("USD", "approved"),
        }

    def test_finds_nothing_before_anything_happened(self) -> None:
        assert audit.run(EVERY_AUDIT) == []

    def test_finds_nothing_while_batches_wait(self) -> None:
        factories.publish()
        factories.record(factories.event())

        assert audit.run(EVERY_AUDIT) == []

    def test_finds_nothing_where_a_version_was_published_after_the_usage_it_covers(self) -> None:
        settling.publish()
        settling.use("evt-1")
        card = factories.catalogue()["rate_card_versions"][0]
        terms = {"kind": "cost_plus", "margin": "0.50"}
        factories.publish(
            {"rate_card_versions": [card | {"valid_from": "2026-10-01T00:00:00Z", "terms": terms}]}
        )

        assert audit.run(EVERY_AUDIT) == []

    def test_finds_nothing_where_attributes_hold_every_kind_of_number(self) -> None:
        settling.publish()
        numbers = {"whole": 9_007_199_254_740_991, "large": 1e23, "small": 1e-7, "third": 1 / 3}
        settling.use("evt-1", attributes={**numbers, "zero": -0.0, "text": "é\n", "list": [1.0]})

        assert audit.run(EVERY_AUDIT) == []


class TestARateOfAnotherTime:
    def test_is_found_once_its_successor_had_been_published_for_an_hour(self) -> None:
        books.keep()
        books.tamper(
            "UPDATE ledger_rate_card_version SET valid_from = '2026-10-01T00:00:00Z'"
            " WHERE revision = (SELECT max(revision) FROM ledger_rate_card_version)"
            " AND valid_from > '2026-10-01'",
            "UPDATE ledger_publication SET published_at = published_at - '61 minutes'::interval",
        )

        assert {finding.audit for finding in audit.run(EVERY_AUDIT)} == {"rates-in-force"}
