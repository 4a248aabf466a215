"""Record a posted batch: identities registered, events kept as columns, one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final

from django.db import OperationalError, connection, transaction

from ledger.usage import coverage, register, superseding
from ledger.usage.columns import Record, attributes_json, to_arrow, to_columns
from ledger.usage.formats.decoding import Decoded
from ledger.usage.identity import body_hash, key_digest, microseconds
from ledger.usage.sources import ACCEPTS_FROM, KnownSource, known_sources

FUTURE_ALLOWED: Final = timedelta(hours=1)
TRIES: Final = 3
DEADLOCK: Final = "40P01"

BATCH_ID: Final = "SELECT nextval(pg_get_serial_sequence('ledger_usage_batch', 'id'))"
INSERT_BATCH: Final = """
    INSERT INTO ledger_usage_batch
        (id, provider_id, received_at, events, payload, state, attempts, next_attempt_at)
    VALUES (%(id)s, %(provider)s, %(now)s, %(events)s, %(payload)s, 'pending', 0, %(now)s)
"""


@dataclass(frozen=True, slots=True)
class Item:
    """What became of an item that was not accepted: duplicate, conflict or rejected."""

    index: int
    status: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a posted batch; batch_id is None when nothing of it was new."""

    batch_id: int | None
    sent: int
    accepted: int
    items: list[Item]

    def count(self, status: str) -> int:
        """Return how many items are duplicates, conflicts or rejected."""
        return sum(item.status == status for item in self.items)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record with its identity, on its way into the register."""

    record: Record
    key: bytes
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Identified:
    """A batch's candidates: the first of each key, in the keys' order, and what repeats them."""

    first: list[Candidate]
    repeats: list[Candidate]


def record(
    *,
    provider_id: int,
    decoded: Decoded,
    now: datetime,
    allowed_sources: frozenset[str] | None = None,
) -> Receipt:
    """Record what a provider posted and return what became of every item.

    After it returns, what was accepted is on disk. A retry of the same events books nothing twice.
    `allowed_sources` are those that who posts may speak for; None if for all of the provider's.
    """
    rejected = [
        Item(refusal.index, "rejected", refusal.code, refusal.detail)
        for refusal in decoded.refusals
    ]
    allowed, not_allowed = _of_sources(decoded, allowed_sources)
    timely, untimely = _in_time(allowed, now=now, place=decoded.time)
    sources = known_sources(provider_id=provider_id, latest=_latest(timely, now=now), now=now)
    accepted_by_source, too_old = _since_source_began(timely, sources, place=decoded.time)
    sent = len(decoded)
    kept, circular = _superseding_others(accepted_by_source)
    identified = _identified(kept)
    receipt = _register_with_retry(provider_id, identified, sources=sources, sent=sent, now=now)
    items = sorted(
        [*rejected, *not_allowed, *untimely, *too_old, *circular, *receipt.items],
        key=attrgetter("index"),
    )
    assert receipt.accepted + len(items) == sent, "every item is accounted for"
    return Receipt(receipt.batch_id, sent, receipt.accepted, items)


def _of_sources(
    decoded: Decoded, allowed: frozenset[str] | None
) -> tuple[Sequence[Record], list[Item]]:
    """Part records of the allowed sources from those of others."""
    if allowed is None:
        return decoded.records, []
    kept: list[Record] = []
    refused: list[Item] = []
    place = f"/{decoded.source}" if decoded.source else ""
    for one in decoded.records:
        if one.source in allowed:
            kept.append(one)
        else:
            detail = (
                f"#/{one.index}{place}: this key does not post for {one.source!r}; "
                "use the key of that source"
            )
            refused.append(Item(one.index, "rejected", "source_not_allowed", detail))
    return kept, refused


def _latest(records: Sequence[Record], *, now: datetime) -> dict[str, datetime]:
    """Return when the latest event of each source was; one without a time is of now."""
    latest: dict[str, datetime] = {}
    for one in records:
        at = one.occurred_at or now
        if latest.get(one.source, at) <= at:
            latest[one.source] = at
    return latest


def _in_time(
    records: Sequence[Record], *, now: datetime, place: str
) -> tuple[list[Record], list[Item]]:
    """Part records from those of the future; a provider's clock may be an hour ahead."""
    latest = now + FUTURE_ALLOWED
    kept: list[Record] = []
    refused: list[Item] = []
    for one in records:
        if one.occurred_at is None or one.occurred_at <= latest:
            kept.append(one)
        else:
            detail = f"#/{one.index}/{place}: is later than {latest.isoformat()}, an hour from now"
            refused.append(Item(one.index, "rejected", "time_in_future", detail))
    return kept, refused


def _since_source_began(
    records: Sequence[Record], sources: Mapping[str, KnownSource], *, place: str
) -> tuple[list[Record], list[Item]]:
    """Part records from those before their source's first accepted day."""
    kept: list[Record] = []
    refused: list[Item] = []
    for one in records:
        source = sources.get(one.source)
        accepts_from = source.accepts_from if source else ACCEPTS_FROM
        if one.occurred_at is None or one.occurred_at >= accepts_from:
            kept.append(one)
        else:
            detail = (
                f"#/{one.index}/{place}: is before {accepts_from.isoformat()}, "
                f"from when source {one.source!r} is accepted"
            )
            refused.append(Item(one.index, "rejected", "time_too_old", detail))
    return kept, refused


def _superseding_others(records: list[Record]) -> tuple[list[Record], list[Item]]:
    """Part records from those that say of themselves that they replace themselves."""
    circular = [one for one in records if one.supersedes and one.supersedes == one.event_id]
    if not circular:
        return records, []
    refused = [
        Item(
            one.index,
            "rejected",
            "supersedes_itself",
            f"#/{one.index}: event {one.event_id!r} supersedes itself; give the final one an id of"
            " its own",
        )
        for one in circular
    ]
    return [one for one in records if one.supersedes != one.event_id], refused


def _identified(records: Sequence[Record]) -> Identified:
    """Give each record its identity, and part the first of a key from those that repeat it."""
    first: dict[bytes, Candidate] = {}
    repeats: list[Candidate] = []
    for one in records:
        candidate = _candidate(one)
        if first.setdefault(candidate.key, candidate) is not candidate:
            repeats.append(candidate)
    return Identified(sorted(first.values(), key=attrgetter("key")), repeats)


def _candidate(one: Record) -> Candidate:
    at = one.occurred_at
    return Candidate(
        record=one,
        key=key_digest(source=one.source, event_id=one.event_id),
        body_hash=body_hash(
            occurred_at_microseconds=None if at is None else microseconds(at),
            names=(one.consumer, one.project, one.deployment),
            counts=one.counts if one.finding is None else one.finding.said,
            status=one.status,
            attributes_json=attributes_json(one.attributes),
            supersedes=one.supersedes,
        ),
    )


def _repeated(candidate: Candidate, held_hash: bytes) -> Item:
    one = candidate.record
    if candidate.body_hash == held_hash:
        return Item(
            one.index, "duplicate", "already_recorded", f"event {one.event_id!r} is recorded"
        )
    return Item(
        one.index,
        "conflict",
        "recorded_with_other_content",
        f"event {one.event_id!r} is recorded with content {held_hash.hex()}, this one has "
        f"{candidate.body_hash.hex()}; nothing is overwritten, correct the recorded event instead",
    )


def _register_with_retry(
    provider_id: int,
    identified: Identified,
    *,
    sources: Mapping[str, KnownSource],
    sent: int,
    now: datetime,
) -> Receipt:
    """Register what is new; a deadlock with an overlapping batch is tried again."""
    for attempt in range(1, TRIES + 1):
        try:
            return _register(provider_id, identified, sources=sources, sent=sent, now=now)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != DEADLOCK or attempt == TRIES:
                raise
    raise AssertionError("the last try returns or raises")


@transaction.atomic
def _register(
    provider_id: int,
    identified: Identified,
    *,
    sources: Mapping[str, KnownSource],
    sent: int,
    now: datetime,
) -> Receipt:
    """Claim the keys, then keep the records whose keys were new as one batch.

    The first of a key wins within the batch, unless the key was taken before.
    """
    candidates = identified.first
    if not candidates:
        return Receipt(None, sent, 0, [])
    with connection.cursor() as cursor:
        cursor.execute(BATCH_ID)
        (batch_id,) = cursor.fetchone()
    held = register.claim(
        provider_id=provider_id,
        batch_id=batch_id,
        keys=[candidate.key for candidate in candidates],
        body_hashes=[candidate.body_hash for candidate in candidates],
    )
    fresh = [candidate for candidate in candidates if candidate.key not in held]
    standing = {candidate.key: candidate.body_hash for candidate in fresh} | held
    others = [candidate for candidate in candidates if candidate.key in held]
    items = [_repeated(one, standing[one.key]) for one in (*others, *identified.repeats)]
    if not fresh:
        return Receipt(None, sent, 0, items)
    records = sorted((candidate.record for candidate in fresh), key=lambda one: one.index)
    columns = to_columns(
        [_in_utc(one) for one in records],
        source_ids={uri: source.id for uri, source in sources.items()},
    )
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_BATCH,
            {
                "id": batch_id,
                "provider": provider_id,
                "now": now,
                "events": len(records),
                "payload": to_arrow(columns),
            },
        )
    coverage.record(batch_id=batch_id, columns=columns, received_at=now)
    superseding.supersede(provider_id=provider_id, batch_id=batch_id, records=records, now=now)
    return Receipt(batch_id, sent, len(records), items)


def _in_utc(one: Record) -> Record:
    if one.occurred_at is None or one.occurred_at.tzinfo is UTC:
        return one
    return replace(one, occurred_at=one.occurred_at.astimezone(UTC))
