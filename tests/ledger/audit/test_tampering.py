"""Audits find what was changed behind the program's back, and name it by the right audit."""

import pytest
from django.db import transaction

from ledger import audit
from settlement.audits import EVERY_AUDIT
from tests.ledger.audit import (
    attacks_on_archives,
    attacks_on_books,
    attacks_on_corrections,
    attacks_on_coverage,
    attacks_on_energy,
    attacks_on_keys,
    attacks_on_names,
    attacks_on_proposals,
    attacks_on_rates,
    attacks_on_reratings,
    attacks_on_true_ups,
    attacks_on_usage,
    books,
    in_step,
)
from tests.ledger.audit.attacks import Attack

pytestmark = pytest.mark.django_db

ATTACKS = (
    *attacks_on_books.BOOKS,
    *attacks_on_usage.USAGE,
    *attacks_on_names.NAMES,
    *attacks_on_coverage.COVERAGE,
    *attacks_on_energy.ENERGY,
    *attacks_on_energy.CERTIFICATES,
    *attacks_on_archives.ARCHIVES,
    *attacks_on_keys.KEYS,
    *attacks_on_corrections.ENTRIES,
    *attacks_on_corrections.CORRECTIONS,
    *attacks_on_rates.RATES,
    *attacks_on_proposals.PROPOSALS,
    *attacks_on_reratings.RERATINGS,
    *attacks_on_books.SETTLEMENT,
    *attacks_on_true_ups.TRUE_UPS,
)


@pytest.fixture(autouse=True)
def _books() -> None:
    books.keep()


def found_after(*statements: str) -> set[str]:
    """Return the audits that find something after an attack, which is then undone.

    Undone here, since the test's own end checks foreign keys that an attack may have broken.
    """
    with transaction.atomic():
        books.tamper(*statements)
        found = {finding.audit for finding in audit.run(EVERY_AUDIT)}
        transaction.set_rollback(True)
    return found


class TestAudits:
    @pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
    def test_see_an_attack_and_only_those_that_it_concerns(self, attack: Attack) -> None:
        found = found_after(*attack.statements)

        assert found == attack.seen_by

    def test_are_each_shown_to_see_something(self) -> None:
        seen = frozenset[str]().union(*(attack.seen_by for attack in ATTACKS))

        assert seen == {audit.name for audit in EVERY_AUDIT}


class TestChangesInStep:
    """Tokens, amounts, postings, balances and rollups changed so that they agree again."""

    def test_are_seen_in_what_the_provider_posted(self) -> None:
        found = found_after(*in_step.more_tokens("late"))

        assert found == {"bodies"}

    def test_are_seen_in_the_register_where_the_payload_was_dropped(self) -> None:
        batch = """WHERE id = (SELECT batch_id FROM ledger_usage_entry WHERE event_id = 'late')"""

        found = found_after(
            f"UPDATE ledger_usage_batch SET payload = NULL {batch}", *in_step.more_tokens("late")
        )

        assert found == {"bodies", "coverage"}

    def test_are_seen_in_the_choice_of_the_rate(self) -> None:
        found = found_after(*in_step.another_rate("late", of="timeless"))

        assert found == {"rates-in-force"}


class TestBatchesOfBeforeCoverage:
    def test_are_clean_without_any(self) -> None:
        first = "(SELECT min(id) FROM ledger_usage_batch)"

        found = found_after(
            f"DELETE FROM ledger_coverage WHERE batch_id = {first}",
            f"UPDATE ledger_usage_batch SET covered = false WHERE id = {first}",
        )

        assert found == set()
