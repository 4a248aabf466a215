"""How the names of a usage entry were written, and by which mapping they were understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from ledger.pricing.source_names import SourceName, without_region
from ledger.pricing.tariff import slot_of, slot_starts_at
from ledger.rating.models import UsageEntry

UNDERSTOOD: Final = """
    SELECT DISTINCT ON (mapped.kind)
           mapped.kind, source.uri, COALESCE(deployment.code, booked.code), mapped.project,
           mapped.id, mapped.name, mapped.source = '', mapped.valid_from, publication.published_at
    FROM ledger_source_name mapped
    JOIN ledger_publication publication ON publication.id = mapped.publication_id
    JOIN ledger_source source ON source.id = %(source_id)s
    JOIN ledger_party booked ON booked.id = %(consumer_id)s
    JOIN ledger_journal_entry entry ON entry.id = %(journal_entry_id)s
    LEFT JOIN ledger_deployment deployment ON deployment.id = mapped.deployment_id
    WHERE mapped.provider_id = %(provider_id)s
      AND mapped.source IN ('', source.uri)
      AND mapped.valid_from <= %(at)s
      AND ((mapped.kind = 'consumer' AND %(asks_consumer)s
            AND mapped.name = COALESCE(%(consumer)s, booked.code)
            AND mapped.consumer_id = booked.id)
           OR (mapped.kind = 'deployment'
               AND mapped.name IN (%(deployment)s, %(model)s)
               AND mapped.deployment_id = %(deployment_id)s))
    ORDER BY mapped.kind, publication.published_at <= entry.recorded_at DESC,
             length(mapped.name) DESC, mapped.source = '', mapped.valid_from DESC,
             mapped.revision DESC
"""
"""The order counts where a name was mapped several times, always to the same."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A name as its source wrote it, the code that stands in the books, and the mapping between.

    `name` is as much of what was written as is mapped: a deployment's region may be left out.
    """

    kind: str
    written: str
    source: str
    code: str
    project: str
    mapping_id: int
    name: str
    of_every_source: bool
    valid_from: datetime
    published_at: datetime


def understood(entry: UsageEntry) -> Sequence[Understood]:
    """Return the names of the entry that stand for something else than what was written."""
    written: Mapping[str, str] = entry.written or {}
    if not written:
        return ()
    deployment = written.get(SourceName.Kind.DEPLOYMENT)
    with connection.cursor() as cursor:
        cursor.execute(
            UNDERSTOOD,
            {
                "source_id": entry.source_id,
                "journal_entry_id": entry.journal_entry_id,
                "provider_id": entry.provider_id,
                "at": slot_starts_at(slot_of(entry.occurred_at)),
                # A consumer who is named by its code may still get its project from a mapping.
                "asks_consumer": bool(written.keys() & {"consumer", "project"}),
                "consumer": written.get(SourceName.Kind.CONSUMER),
                "consumer_id": entry.consumer_id,
                "deployment": deployment,
                "model": deployment and without_region(deployment),
                "deployment_id": entry.deployment_id,
            },
        )
        return [
            Understood(kind, written.get(kind, code), source, code, *rest)
            for kind, source, code, *rest in cursor.fetchall()
        ]
