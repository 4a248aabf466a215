"""What sources' words stand for in one revision of the catalogue, read as they are asked for.

A provider may map a hundred thousand keys, of which a claim meets a few. So they are not loaded
with the catalogue, but looked up once per word and revision, all that a claim meets in one query.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from ledger.pricing.published import Series
from ledger.pricing.source_names import SourceName, without_region

PROVIDERS: Final = """
    SELECT DISTINCT provider_id FROM ledger_source_name WHERE publication_id <= %(revision)s
"""
MAPPED: Final = """
    SELECT asked.source_id, asked.kind, asked.name,
           mapped.name = asked.name AS is_whole, mapped.source = '' AS is_of_every_source,
           mapped.valid_from, mapped.withdrawn,
           COALESCE(consumer.code, deployment.code), mapped.project
    FROM unnest(%(sources)s::bigint[], %(kinds)s::text[], %(names)s::text[], %(models)s::text[])
        AS asked (source_id, kind, name, model)
    JOIN ledger_source source ON source.id = asked.source_id
    JOIN ledger_source_name mapped
        ON mapped.provider_id = source.provider_id
       AND mapped.source IN ('', source.uri)
       AND mapped.kind = asked.kind
       AND mapped.name IN (asked.name, asked.model)
    LEFT JOIN ledger_party consumer ON consumer.id = mapped.consumer_id
    LEFT JOIN ledger_deployment deployment ON deployment.id = mapped.deployment_id
    WHERE mapped.publication_id <= %(revision)s
    ORDER BY mapped.valid_from, mapped.revision
"""
WORDS_KEPT: Final = 500_000
"""Words that a process remembers."""


class Word(NamedTuple):
    """A name as a source writes it."""

    source_id: int
    kind: str
    name: str


class Meaning(NamedTuple):
    """What a word stands for: a party's or a deployment's code, and perhaps a project."""

    code: str
    project: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """The mappings of a word in order of their precedence: its source's own, then every source's.

    `model` are those of the part before the region, where a deployment is written model@region.
    """

    whole: tuple[Series[Meaning], ...]
    model: tuple[Series[Meaning], ...]


NOTHING: Final = Mapped(whole=(), model=())


class NameBook:
    """The mappings of one revision, as far as they were asked for; `providers` have any."""

    def __init__(self, *, revision: int, providers: frozenset[int]) -> None:
        self.providers = providers
        self._revision = revision
        self._known: dict[Word, Mapped] = {}

    @classmethod
    def load(cls, revision: int) -> "NameBook":
        """Return the mappings that were published up to a revision."""
        with connection.cursor() as cursor:
            cursor.execute(PROVIDERS, {"revision": revision})
            providers = frozenset(provider_id for (provider_id,) in cursor.fetchall())
        return cls(revision=revision, providers=providers)

    def learn(self, words: Iterable[Word]) -> None:
        """Look up what is not known of these words, in one query."""
        if len(self._known) > WORDS_KEPT:
            self._known.clear()
        unknown = sorted({word for word in words if word not in self._known})
        if unknown:
            self._known |= dict.fromkeys(unknown, NOTHING) | _mapped(unknown, self._revision)

    def meaning(self, word: Word, *, at: datetime, is_code: bool) -> Meaning | None:
        """Return what a learnt word stands for in the slot that begins at `at`; None for itself.

        The name as it is written comes first: its source's own mapping, then that of every source,
        then the code that it may be. Only if it is none of these is a deployment's region left out.
        """
        known = self._known[word]
        return _in_force(known.whole, at) or (None if is_code else _in_force(known.model, at))


def _in_force(candidates: tuple[Series[Meaning], ...], at: datetime) -> Meaning | None:
    return next((found for series in candidates if (found := series.at(at))), None)


def _mapped(words: list[Word], revision: int) -> dict[Word, Mapped]:
    """Return the mappings of those words that have any."""
    found: dict[Word, dict[tuple[bool, bool], dict[datetime, Meaning | None]]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            MAPPED,
            {
                "sources": [word.source_id for word in words],
                "kinds": [word.kind for word in words],
                "names": [word.name for word in words],
                "models": [_model(word) for word in words],
                "revision": revision,
            },
        )
        for source_id, kind, name, is_whole, of_every, valid_from, withdrawn, *meant in cursor:
            place = found[Word(source_id, kind, name)].setdefault((is_whole, of_every), {})
            place[valid_from] = None if withdrawn else Meaning(*meant)
    return {
        word: Mapped(whole=_series(places, is_whole=True), model=_series(places, is_whole=False))
        for word, places in found.items()
    }


def _model(word: Word) -> str | None:
    return without_region(word.name) if word.kind == SourceName.Kind.DEPLOYMENT else None


def _series(
    places: dict[tuple[bool, bool], dict[datetime, Meaning | None]], *, is_whole: bool
) -> tuple[Series[Meaning], ...]:
    return tuple(
        Series(starts=tuple(by_start), versions=tuple(by_start.values()))
        for of_every in (False, True)
        if (by_start := places.get((is_whole, of_every)))
    )
