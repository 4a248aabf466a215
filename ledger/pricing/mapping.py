"""Say what the words of a source stand for: an operator's edit, published like the catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from ledger.errors import LedgerError
from ledger.parties.models import Deployment, Party, Source
from ledger.parties.sources import SourceLine
from ledger.pricing import catalogue, rows, source_names
from ledger.pricing.catalogue import DocumentInvalid
from ledger.pricing.models import Agreement
from ledger.pricing.source_names import SourceName, SourceNameInvalid, without_region
from ledger.pricing.tariff import slot_of, slot_starts_at

MOST_NAMES: Final = 1_000
SECTION: Final = "source_names"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a list of mappings: where, as a JSON pointer, and what to do."""

    pointer: str
    detail: str


class NamesInvalid(LedgerError):
    """A list of mappings is not as it should be; none of it is published."""

    problem = "names-invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.errors = [{"pointer": one.pointer, "detail": one.detail} for one in faults]
        super().__init__(
            "; ".join(f"{one.pointer}: {one.detail}" for one in faults[:5])
            + (f" (and {len(faults) - 5} more)" if len(faults) > 5 else "")  # noqa: PLR2004 - as above
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a word shall stand for; without a target, nothing any more.

    Without `valid_from`, a word that meant nothing is mapped from the beginning, and one that
    meant something from the next quarter hour on.
    """

    kind: str
    name: str
    target: str | None
    project: str = ""
    valid_from: datetime | None = None
    every_source: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """A mapping that was wanted, since when it holds, and whether that is new."""

    wanted: Wanted
    valid_from: datetime
    added: bool


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit brought; publication_id is None if nothing of it was new."""

    publication_id: int | None
    names: list[Decided]


class Place(NamedTuple):
    """Where a mapping is kept: one series of versions."""

    source: str
    kind: str
    name: str


class Held(NamedTuple):
    """A version as it is stored; `code` is None where it is withdrawn."""

    valid_from: datetime
    code: str | None
    project: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is decided by: the versions that stand, codes, and from when events are accepted.

    `begins_at` says the latter of this source, and, by True, of every source.
    """

    source: SourceLine
    series: Mapping[Place, Sequence[Held]]
    codes: set[tuple[str, str]]
    begins_at: Mapping[bool, datetime]
    now: datetime


@transaction.atomic
def map_names(
    wanted: Sequence[Wanted],
    *,
    source: SourceLine,
    any_consumer: bool,
    any_source: bool = True,
    now: datetime,
    published_by: str,
) -> Edited:
    """Publish what is new of the mappings; an equal one is passed over.

    Edits follow one another: each knows the one before. `any_consumer`: whether a name may lead to
    a consumer with whom the provider has no agreement; otherwise that one is not known to it.
    `any_source`: whether one may be mapped for every source of the provider.

    :raises NamesInvalid: naming every faulty mapping; nothing is published.
    """
    with connection.cursor() as cursor:
        cursor.execute(catalogue.SERIALISE_PUBLICATIONS)
    faults = [*_senseless(wanted, source), *_repeated(wanted)]
    faults += [] if any_source else _of_every_source(wanted)
    faults = faults or _out_of_reach(wanted, source, any_consumer=any_consumer)
    if faults:
        raise NamesInvalid(faults)
    known = Known(
        source=source,
        series=_series(wanted, source),
        codes=_codes(wanted, source),
        begins_at=_begins_at(wanted, source),
        now=now,
    )
    decided = [_decided(one, known) for one in wanted]
    added = [index for index, one in enumerate(decided) if one.added]
    if not added:
        return Edited(None, decided)
    rows = [
        _row(wanted[index], source) | {"valid_from": decided[index].valid_from} for index in added
    ]
    try:
        published = catalogue.publish({SECTION: rows}, now=now, published_by=published_by)
    except DocumentInvalid as invalid:
        raise NamesInvalid([_in_the_list(fault, added) for fault in invalid.errors]) from invalid
    assert published.added == {SECTION: len(added)}, "what is equal was passed over before"
    return Edited(published.publication_id, decided)


def _senseless(wanted: Sequence[Wanted], source: SourceLine) -> list[Fault]:
    """Return what is wrong with the mappings by themselves."""
    faults = []
    for index, one in enumerate(wanted):
        try:
            source_names.check(_row(one, source))
        except SourceNameInvalid as error:
            faults.append(Fault(f"#/{index}", error.why))
    return faults


def _repeated(wanted: Sequence[Wanted]) -> list[Fault]:
    """Return what is said twice of one word at one time."""
    first: dict[tuple[object, ...], int] = {}
    faults = []
    for index, one in enumerate(wanted):
        key = (one.every_source, one.kind, one.name, one.valid_from)
        if first.setdefault(key, index) != index:
            faults.append(Fault(f"#/{index}", f"maps the name of #/{first[key]} once more"))
    return faults


def _of_every_source(wanted: Sequence[Wanted]) -> list[Fault]:
    """Return what reaches beyond the one source."""
    return [
        Fault(f"#/{index}/every_source", "is not for a key that speaks for single sources")
        for index, one in enumerate(wanted)
        if one.every_source
    ]


def _out_of_reach(
    wanted: Sequence[Wanted], source: SourceLine, *, any_consumer: bool
) -> list[Fault]:
    """Return the targets whom the provider does not know; whether they exist is not told."""
    consumer = SourceName.Kind.CONSUMER
    targets = {one.target for one in wanted if one.kind == consumer and one.target is not None}
    if any_consumer or not targets:
        return []
    known = set(
        Agreement.objects.filter(
            provider_id=source.provider_id, consumer__code__in=targets
        ).values_list("consumer__code", flat=True)
    )
    return [
        Fault(
            f"#/{index}/target",
            f"names {one.target!r}, with whom {source.provider} has no agreement",
        )
        for index, one in enumerate(wanted)
        if one.kind == consumer and one.target is not None and one.target not in known
    ]


def _series(wanted: Sequence[Wanted], source: SourceLine) -> Mapping[Place, Sequence[Held]]:
    """Return the versions that stand wherever the words may be mapped, in order."""
    held: dict[Place, dict[datetime, Held]] = defaultdict(dict)
    names = {name for one in wanted for _, _, name in _places(one, source)}
    for row in (
        SourceName.objects.filter(
            provider_id=source.provider_id, source__in=["", source.uri], name__in=names
        )
        .select_related("consumer", "deployment")
        .order_by("valid_from", "revision")
    ):
        target = row.consumer or row.deployment
        held[Place(row.source, row.kind, row.name)][row.valid_from] = Held(
            row.valid_from, target.code if target else None, row.project
        )
    return {place: list(versions.values()) for place, versions in held.items()}


def _places(one: Wanted, source: SourceLine) -> list[Place]:
    """Return where rating would look for the word, its own place first."""
    model = without_region(one.name) if one.kind == SourceName.Kind.DEPLOYMENT else None
    return [
        Place(uri, one.kind, name)
        for name in (one.name, model)
        for uri in (("",) if one.every_source else (source.uri, ""))
        if name is not None
    ]


def _codes(wanted: Iterable[Wanted], source: SourceLine) -> set[tuple[str, str]]:
    """Return (kind, code) of the words that are codes themselves."""
    names = {one.name for one in wanted}
    parties = Party.objects.filter(code__in=names).values_list("code", flat=True)
    deployments = Deployment.objects.filter(
        provider_id=source.provider_id, code__in=names
    ).values_list("code", flat=True)
    return {("consumer", code) for code in parties} | {("deployment", code) for code in deployments}


def _begins_at(wanted: Iterable[Wanted], source: SourceLine) -> dict[bool, datetime]:
    """Return from when events are accepted: of this source, and of every source."""
    begins_at = {False: source.accepts_from, True: source.accepts_from}
    if any(one.every_source for one in wanted):
        begins_at[True] = min(
            Source.objects.filter(provider_id=source.provider_id).values_list(
                "accepts_from", flat=True
            )
        )
    return begins_at


def _decided(one: Wanted, known: Known) -> Decided:
    """Decide since when a mapping holds, and whether it holds already."""
    places = _places(one, known.source)
    versions = known.series.get(places[0], [])
    valid_from = one.valid_from or _default(one, places, known)
    standing = [held for held in versions if held.valid_from <= valid_from]
    meaning = None if one.target is None else (one.target, one.project)
    now_means = _meaning(standing[-1]) if standing else None
    # One that says from when it holds is kept even if it held before: it may be meant to stay.
    if now_means == meaning and (
        meaning is None or one.valid_from is None or standing[-1].valid_from == valid_from
    ):
        return Decided(one, standing[-1].valid_from if standing else valid_from, added=False)
    return Decided(one, valid_from, added=True)


def _default(one: Wanted, places: Sequence[Place], known: Known) -> datetime:
    """Return the source's beginning for a word that meant nothing, else the next quarter hour."""
    meant_something = (one.kind, one.name) in known.codes or any(
        place in known.series for place in places
    )
    if meant_something:
        return slot_starts_at(slot_of(known.now) + 1)
    return slot_starts_at(slot_of(known.begins_at[one.every_source]))


def _meaning(held: Held) -> tuple[str, str] | None:
    return None if held.code is None else (held.code, held.project)


def _row(one: Wanted, source: SourceLine) -> dict[str, Any]:
    """Return the mapping as a row of a catalogue document."""
    target = {"withdrawn": True} if one.target is None else {one.kind: one.target}
    return {
        "provider": source.provider,
        "source": "" if one.every_source else source.uri,
        "kind": one.kind,
        "name": one.name,
        "project": one.project,
        **target,
    }


def _in_the_list(fault: rows.Fault, added: Sequence[int]) -> Fault:
    """Turn a pointer into the catalogue document into one into the list that was sent."""
    _, _, position, *field = fault.pointer.split("/")
    named = ["target" if one in ("consumer", "deployment") else one for one in field]
    return Fault("/".join(["#", str(added[int(position)]), *named]), fault.detail)
