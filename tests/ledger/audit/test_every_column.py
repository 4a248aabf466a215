"""Each column of each table is changed in one row: an audit sees it, or a reason says why not.

So a new column is either watched from its first day or named here.
"""

from typing import Final

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.tokens import TOKEN_CLASSES
from settlement.audits import EVERY_AUDIT
from tests.ledger.audit import books

pytestmark = pytest.mark.django_db

COLUMNS: Final = """
    SELECT table_name, column_name, data_type
    FROM information_schema.columns
    WHERE table_schema = current_schema()
      AND table_name ~ '^(ledger|settlement)_' AND table_name !~ '_[0-9]{6}$'
    ORDER BY table_name, ordinal_position
"""
CHANGES: Final = {
    "ARRAY": "{0}[2:1] || ({0}[1] + 1) || {0}[2:]",
    "bigint": "{0} + 1",
    "boolean": "NOT {0}",
    "bytea": "set_byte({0}, length({0}) - 1, (get_byte({0}, length({0}) - 1) + 1) % 256)",
    "date": "{0} + 1",
    "int8multirange": "{0} - int8multirange(int8range(lower({0}), lower({0}), '[]'))",
    "int4multirange": "{0} + int4multirange(int4range(99, 100))",
    "integer": "{0} + 1",
    "jsonb": "{0} || '{{\"added\": 1}}'",
    "numeric": "{0} + 1",
    "text": "{0} || 'x'",
    "timestamp with time zone": "{0} + '1 microsecond'::interval",
    "uuid": "md5({0}::text)::uuid",
    "xid8": "({0}::text::bigint + 1)::text::xid8",
}
"""The least that can be changed in a value of the type."""

CHANGE_ONE: Final = """
    UPDATE {table} SET {column} = {change}
    WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM {table} WHERE {column} IS NOT NULL
                              ORDER BY tableoid, ctid LIMIT 1)
"""
VERSIONS: Final = (
    *("agreement_version", "carbon_factor", "deployment_terms", "fx_rate", "gpu_hour_price"),
    *("green_supply", "hardware_version", "holiday_year", "price_day", "rate_card_version"),
    *("serving_profile", "site_pue", "site_tariff", "site_wue", "source_name"),
    *("tariff_version", "water_factor", "scarcity_policy", "deployment_load"),
)
BROUGHT: Final = (
    *("agreement_version", "carbon_factor", "deployment_terms", "fx_rate", "gpu_hour_price"),
    *("green_supply", "hardware_version", "holiday_year", "price_day", "rate_card_version"),
    *("serving_profile", "site_pue", "site_tariff", "site_wue", "source_name", "tariff_version"),
    "water_factor",
)
"""Tables whose first row came with a publication after which another one followed at once."""

UNWATCHED: Final[dict[str, set[str]]] = {
    "Names and notes are for people; prices and identities go by codes and ids.": {
        "ledger_deployment.model",
        *(f"ledger_hardware.{name}" for name in ("code", "name", "memory_gb")),
        "ledger_journal_entry.narrative",
        "ledger_rerating.reason",
        "ledger_party.name",
        "ledger_rate_card.code",
        "ledger_site.name",
        "ledger_tariff.name",
        "ledger_publication.note",
        *(f"ledger_provenance.{name}" for name in ("document", "url", "licence", "note")),
        *(f"ledger_provenance.{name}" for name in ("source", "retrieved_on")),
    },
    "They describe the thing; what is priced stands in its versions.": {
        "ledger_gpu_hour_price.method",
        *(f"ledger_hardware.{name}" for name in ("tdp_watts", "idle_watts")),
        "ledger_hardware_version.memory_gb_per_second",
        "ledger_benchmark.model",
        "ledger_deployment_terms.gpu_count",
        "ledger_gpu_hour_price.hardware_id",
        *(f"ledger_tariff.{name}" for name in ("currency", "time_zone")),
    },
    "Who and when: another value is as likely as the one that was written.": {
        *(f"ledger_{table}.created_at" for table in ("deployment", "party")),
        *(f"ledger_{table}.compiled_at" for table in ("slot_rate", "price_rate")),
        "ledger_journal_entry.recorded_at",
        *(f"ledger_period.{name}" for name in ("closed_at", "closed_by_id")),
        *(f"ledger_publication.{name}" for name in ("published_at", "published_by")),
        *(f"ledger_correction.{name}" for name in ("recorded_at", "decided_at")),
        *(f"ledger_proposal.{name}" for name in ("proposed_at", "decided_at")),
        "ledger_correction.requested_by_user_id",
        *(f"ledger_rerating.{name}_at" for name in ("begun", "ended")),
        "ledger_rerating_claim.applied_at",
        "ledger_source.first_seen_at",
        "ledger_certificate_stock.received_at",
        *(
            f"ledger_{table}.recorded_{name}"
            for table in ("meter_reading", "energy_bill", "energy_true_up", "certificate_run")
            for name in ("at", "by")
        ),
        *(f"ledger_archived_month.archived_{name}" for name in ("at", "by")),
        *(f"ledger_restored_month.restored_{name}" for name in ("at", "by")),
        "ledger_usage_batch.rated_at",
        *(f"settlement_approval.{name}" for name in ("approved_at", "checker_id")),
        "settlement_settlement.calculated_at",
    },
    "Of revisions only the order counts, and one more than the highest is the highest still.": {
        f"ledger_{table}.revision" for table in VERSIONS
    },
    "Which publication brought a version: its document is not kept, and another is as likely.": {
        f"ledger_{table}.publication_id" for table in BROUGHT
    },
    "When something is tried, not what comes of it.": {
        *(f"ledger_usage_batch.{name}" for name in ("attempts", "next_attempt_at")),
        *(f"ledger_set_aside.{name}" for name in ("attempts", "judged_by_publication")),
        *(
            f"ledger_set_aside.{name}"
            for name in ("detail", "missing", "reason", "retry_at", "since")
        ),
        *(f"ledger_correction.{name}" for name in ("attempts", "next_attempt_at")),
        *(f"ledger_correction.{name}" for name in ("lack", "missing", "detail")),
        "ledger_correction.judged_by_publication",
        "ledger_source.accepts_from",
    },
    "What a source states of itself stands nowhere else.": {
        *(f"ledger_manifest.{name}" for name in ("events", *TOKEN_CLASSES)),
        *(f"ledger_manifest.{name}" for name in ("first_sequence", "last_sequence")),
    },
    "What a meter or a utility states stands nowhere else.": {
        "ledger_meter_reading.source",
        *(f"ledger_energy_bill.{name}" for name in ("starts_on", "kwh")),
        *(
            f"ledger_certificate_lot.{name}"
            for name in (
                *("technology", "zone", "produced_from", "produced_to", "price_per_mwh"),
                *("currency", "issuer", "serial_first", "serial_last"),
            )
        ),
        *(f"ledger_certificate_run.{name}_microjoules" for name in ("consumed", "green")),
        "ledger_energy_true_up.notes",
    },
    "Nobody names these rows by their ids.": {
        "ledger_holiday_year.id",
        "ledger_proposal.id",
        "settlement_netting.id",
    },
    "What a change did to prices was shown to two people, and is not computed again.": {
        "ledger_proposal.effects"
    },
    "The published document is not kept, only its hash.": {"ledger_publication.document_sha256"},
    "What had no price then stands nowhere else.": {"ledger_rerating_claim.left_alone"},
    "The platform has no accounts under its code.": {"ledger_party.code"},
    "It keeps an entry from being posted twice, and says nothing of what it posted.": {
        "ledger_journal_entry.reference"
    },
    "It means something only while the transaction that wrote the entry runs.": {
        "ledger_journal_entry.xact"
    },
}
"""Reasons why no audit sees a change, and the columns for which that is so."""


def changed(table: str, column: str, kind: str) -> int:
    """Change the column in the first row that has a value there; return how many rows that were."""
    change = CHANGES[kind].format(column)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(CHANGE_ONE.format(table=table, column=column, change=change))
        rows: int = cursor.rowcount
        cursor.execute("SET LOCAL session_replication_role = origin")
    return rows


def unseen(table: str, column: str, kind: str) -> bool:
    """Return whether the change goes past the database's constraints and past every audit."""
    try:
        with transaction.atomic():
            found = not changed(table, column, kind) or any(audit.run() for audit in EVERY_AUDIT)
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return not found


class TestEveryColumn:
    @pytest.mark.timeout(600)
    def test_is_watched_or_has_a_reason_not_to_be(self) -> None:
        books.keep()
        with connection.cursor() as cursor:
            cursor.execute(COLUMNS)
            columns = cursor.fetchall()

        passed = {
            f"{table}.{column}" for table, column, kind in columns if unseen(table, column, kind)
        }

        assert passed == set[str]().union(*UNWATCHED.values())
