"""What a viewer may read of the usage journal and of what waits before it.

The consumer of a usage entry sees what it consumed and pays; what the provider's cost is made of,
only if their agreement discloses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django.db import connection

from ledger.books import reading as books
from ledger.books.models import JournalEntry
from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer
from ledger.pricing.source_names import named_by
from ledger.rating.archive.records import require_at_hand, require_usage_at_hand
from ledger.rating.explanation import Explanation, explain, find
from ledger.rating.identity import NoSuchUsageEntry, parse_public_id, public_id
from ledger.usage.models import UsageBatch

# `picked` is where the partitioned table is read; names are joined to the few rows that are left.
LINES: Final = """
    SELECT picked.id, picked.occurred_at, picked.kind, picked.status, picked.corrects_id,
           picked.batch_id, picked.row, source.uri, picked.event_id,
           provider.code, consumer.code, picked.project, deployment.code, deployment.model,
           agreement.code, picked.journal_entry_id, price_rate.currency,
           picked.context_from_tokens, picked.service_tier, picked.attributes, picked.written,
           picked.energy_microjoules, picked.co2_location_nanograms, picked.co2_market_nanograms,
           picked.fee_consumer,
           picked.compute + picked.energy + picked.green + picked.scarcity + picked.margin,
           ARRAY[picked.input, picked.cache_read, picked.cache_write_5m, picked.cache_write_1h,
                 picked.output, picked.reasoning, picked.audio_input, picked.audio_output,
                 picked.image_input],
           CASE WHEN %(sees_all)s OR picked.provider_id = %(party)s OR version.discloses_cost
                THEN ARRAY[picked.compute, picked.energy, picked.green, picked.scarcity,
                           picked.margin, picked.fee_provider, picked.gpu_nanoseconds]
           END
    FROM picked
    JOIN ledger_source source ON source.id = picked.source_id
    JOIN ledger_party provider ON provider.id = picked.provider_id
    JOIN ledger_party consumer ON consumer.id = picked.consumer_id
    JOIN ledger_deployment deployment ON deployment.id = picked.deployment_id
    JOIN ledger_agreement_version version ON version.id = picked.agreement_version_id
    JOIN ledger_agreement agreement ON agreement.id = version.agreement_id
    JOIN ledger_price_rate price_rate ON price_rate.id = picked.price_rate_id
    ORDER BY picked.id
"""
ONE: Final = (
    """
    WITH picked AS (
        SELECT *
        FROM ledger_usage_entry
        WHERE id = %(id)s AND occurred_at >= %(starts_at)s AND occurred_at < %(ends_at)s
          AND (%(sees_all)s OR %(party)s IN (provider_id, consumer_id))
    )
"""
    + LINES
)
OF_ENTRY: Final = (
    """
    WITH picked AS (
        SELECT *
        FROM ledger_usage_entry
        WHERE journal_entry_id = %(entry)s
          AND (%(starts_at)s::timestamptz IS NULL OR occurred_at >= %(starts_at)s)
          AND (%(ends_at)s::timestamptz IS NULL OR occurred_at < %(ends_at)s)
          AND (%(after)s::bigint IS NULL OR id > %(after)s)
          AND (%(sees_all)s OR %(party)s IN (provider_id, consumer_id))
        ORDER BY id
        LIMIT %(limit)s
    )
"""
    + LINES
)
BATCH: Final = """
    SELECT batch.id, provider.code, batch.state, batch.received_at, batch.rated_at, batch.events,
           (SELECT count(*) FROM ledger_correction
            WHERE batch_id = batch.id AND state = 'applied' AND act <> 'amend'
              AND reversed_entry_id IS NULL),
           reason.reason, reason.missing, reason.events, reason.oldest
    FROM ledger_usage_batch batch
    JOIN ledger_party provider ON provider.id = batch.provider_id
    LEFT JOIN LATERAL (
        SELECT reason, missing, count(*) AS events, min(since) AS oldest
        FROM ledger_set_aside
        WHERE batch_id = batch.id
        GROUP BY reason, missing
    ) reason ON true
    WHERE batch.id = %(batch)s AND (%(sees_all)s OR batch.provider_id = %(party)s)
    ORDER BY reason.events DESC, reason.reason, reason.missing
"""
SET_ASIDE: Final = """
    SELECT aside.batch_id, aside.row, provider.code, aside.source_id, source.uri,
           aside.event_id, aside.occurred_at,
           aside.reason, aside.missing, aside.detail, aside.since, aside.attempts, aside.retry_at
    FROM ledger_set_aside aside
    JOIN ledger_party provider ON provider.id = aside.provider_id
    LEFT JOIN ledger_source source ON source.id = aside.source_id
    WHERE (%(sees_all)s OR aside.provider_id = %(party)s)
      AND (%(batch)s::bigint IS NULL OR (aside.batch_id, aside.row) > (%(batch)s, %(row)s))
      AND (%(reason)s::text IS NULL OR aside.reason = %(reason)s)
    ORDER BY aside.batch_id, aside.row
    LIMIT %(limit)s
"""
QUEUE: Final = """
    SELECT count(*), min(received_at)
    FROM ledger_usage_batch
    WHERE state = 'pending'
"""

ACCOUNTING_DATE_SLACK: Final = timedelta(days=1)
"""A day of any time zone lies within its UTC day and this much on both sides."""


class NoSuchBatch(LedgerError):
    """There is no batch with this id, or it is not the viewer's."""

    problem = "no-such-batch"

    def __init__(self, batch: str) -> None:
        self.batch = batch
        super().__init__(f"there is no batch {batch!r}")


@dataclass(frozen=True, slots=True)
class Cost:
    """The provider's affair: parts of the price and its fee in pico-units, and the GPU time."""

    compute: int
    energy: int
    green: int
    scarcity: int
    margin: int
    fee_provider: int
    gpu_nanoseconds: int


@dataclass(frozen=True, slots=True)
class UsageLine:
    """A usage entry: money in pico-units of `currency`; `cost` is None where it is not disclosed.

    `tokens` stand in the order of TOKEN_CLASSES; `written_json` holds the names that the source
    wrote where codes of ours stand.
    """

    id: int
    occurred_at: datetime
    kind: str
    status: str
    corrects_id: int | None
    batch_id: int
    row: int
    source: str
    event_id: str
    provider: str
    consumer: str
    project: str
    deployment: str
    model: str
    agreement: str
    journal_entry_id: int
    currency: str
    context_from_tokens: int
    service_tier: str
    attributes_json: str | None
    written_json: str | None
    energy_microjoules: int
    co2_location_nanograms: int
    co2_market_nanograms: int
    fee_consumer: int
    price: int
    tokens: Sequence[int]
    cost: Cost | None

    @property
    def public_id(self) -> str:
        """Return the id that the API shows."""
        return public_id(occurred_at=self.occurred_at, id_=self.id)


@dataclass(frozen=True, slots=True)
class Explained:
    """A usage entry with the arithmetic behind it, as much of it as the viewer may see.

    `shows_cost` says whether the rates' inputs and the provider's parts are among it.
    """

    line: UsageLine
    explanation: Explanation
    shows_cost: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why events of a batch are set aside: what they lack, how many, since when."""

    reason: str
    missing: str
    events: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a batch is: every event of it is entered, set aside, voided before, or waiting."""

    id: int
    provider: str
    state: str
    received_at: datetime
    rated_at: datetime | None
    events: int
    voided: int
    reasons: Sequence[Reason]

    @property
    def set_aside(self) -> int:
        """Return how many events lack something."""
        return sum(reason.events for reason in self.reasons)

    @property
    def entered(self) -> int:
        """Return how many events stand in the usage journal; a batch is rated as a whole."""
        if self.state != UsageBatch.State.RATED:
            return 0
        return self.events - self.set_aside - self.voided

    @property
    def waiting(self) -> int:
        """Return how many events no worker has looked at yet."""
        return self.events - self.entered - self.set_aside - self.voided


@dataclass(frozen=True, slots=True)
class SetAsideLine:
    """An event that cannot be priced yet, and what it lacks."""

    batch_id: int
    row: int
    provider: str
    source_id: int | None
    source: str | None
    event_id: str
    occurred_at: datetime
    reason: str
    missing: str
    detail: str
    since: datetime
    attempts: int
    retry_at: datetime

    @property
    def unknown_name(self) -> tuple[str, str] | None:
        """Return kind and name, if it is a name that is missing and a mapping would do."""
        return named_by(self.missing, provider=self.provider, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be rated, over all providers."""

    batches: int
    oldest_received_at: datetime | None


def usage_of_entry(
    viewer: Viewer, *, entry_id: int, after: int | None, limit: int
) -> list[UsageLine]:
    """Return the usage entries behind a journal entry, by id, that follow `after`.

    :raises NoSuchEntry: if the viewer cannot see the journal entry.
    :raises MonthArchived: if some of them are in an archive.
    """
    entry = books.entry(viewer, entry_id=entry_id)
    require_usage_at_hand(entry_id)
    starts_at, ends_at = _span(entry)
    return _lines(
        OF_ENTRY,
        viewer,
        {
            "entry": entry_id,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "after": after,
            "limit": limit,
        },
    )


def usage_entry(viewer: Viewer, *, public_id: str) -> UsageLine:
    """Return a usage entry that the viewer provided or consumed.

    :raises NoSuchUsageEntry: if there is none, or it is between others.
    :raises MonthArchived: if what there was of its month is in an archive.
    """
    id_, starts_at, ends_at = parse_public_id(public_id)
    lines = _lines(ONE, viewer, {"id": id_, "starts_at": starts_at, "ends_at": ends_at})
    if not lines:
        require_at_hand(starts_at)
        raise NoSuchUsageEntry(public_id)
    return lines[0]


def explained(viewer: Viewer, *, public_id: str) -> Explained:
    """Return a usage entry that the viewer provided or consumed, and how its price was made.

    :raises NoSuchUsageEntry: if there is none, or it is between others.
    :raises MonthArchived: if what there was of its month is in an archive.
    """
    line = usage_entry(viewer, public_id=public_id)
    explanation = explain(find(public_id))
    if line.cost is None:
        return Explained(line, explanation.for_consumer(), shows_cost=False)
    return Explained(line, explanation, shows_cost=True)


def batch(viewer: Viewer, *, batch_id: int) -> BatchStatus:
    """Return how far a batch of the viewer is.

    :raises NoSuchBatch: if there is none, or another provider posted it.
    """
    rows = _rows(BATCH, viewer, {"batch": batch_id})
    if not rows:
        raise NoSuchBatch(str(batch_id))
    reasons = [Reason(*row[7:]) for row in rows if row[7] is not None]
    values = (*rows[0][:7], reasons)
    return BatchStatus(*values)


def set_aside(
    viewer: Viewer, *, reason: str | None, after: tuple[int, ...] | None, limit: int
) -> list[SetAsideLine]:
    """Return events of the viewer that are set aside, by batch and row, that follow `after`."""
    batch_id, row = after or (None, None)
    rows = _rows(
        SET_ASIDE, viewer, {"reason": reason, "batch": batch_id, "row": row, "limit": limit}
    )
    return [SetAsideLine(*line) for line in rows]


def queue() -> Queue:
    """Return how many batches wait, and since when the oldest does."""
    with connection.cursor() as cursor:
        cursor.execute(QUEUE)
        return Queue(*cursor.fetchone())


def _span(entry: books.EntryLines) -> tuple[datetime | None, datetime | None]:
    """Return bounds on occurred_at, so that few partitions are met; None where there is none."""
    if entry.kind != JournalEntry.Kind.USAGE or entry.prior_period:
        return None, None
    midnight = datetime.combine(entry.accounting_date, time(), tzinfo=UTC)
    return midnight - ACCOUNTING_DATE_SLACK, midnight + 2 * ACCOUNTING_DATE_SLACK


def _lines(sql: str, viewer: Viewer, parameters: dict[str, Any]) -> list[UsageLine]:
    return [_line(row) for row in _rows(sql, viewer, parameters)]


def _line(row: tuple[Any, ...]) -> UsageLine:
    *values, cost = row
    values.append(cost and Cost(*cost))
    return UsageLine(*values)


def _rows(sql: str, viewer: Viewer, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    scope = {"party": viewer.party_id, "sees_all": viewer.sees_all}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**scope, **parameters})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
