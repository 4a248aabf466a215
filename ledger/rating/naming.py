"""From the words of sources to the codes of the catalogue, before a claim is priced.

The batch keeps what its source wrote, and identities are taken from that: an edited mapping makes
no event another one. What was written goes along to the usage entry where it is not the code.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.pricing.naming import NameBook, Word
from ledger.pricing.published import Published
from ledger.pricing.slots import RateBook
from ledger.pricing.source_names import SourceName
from ledger.pricing.tariff import SLOT_SECONDS, slot_starts_at
from ledger.rating.events import Events, Names, distinct

SLOT_MICROSECONDS: Final = SLOT_SECONDS * 1_000_000
AS_WRITTEN: Final = ""


class Named(NamedTuple):
    """Whom and what an event names."""

    consumer: str
    deployment: str
    project: str


class Said(NamedTuple):
    """What many events share that decides what their names stand for."""

    provider_id: int
    source_id: int
    slot: int
    names: Named

    @property
    def consumer(self) -> Word:
        """Return the word for the consumer."""
        return Word(self.source_id, SourceName.Kind.CONSUMER, self.names.consumer)

    @property
    def deployment(self) -> Word:
        """Return the word for the deployment."""
        return Word(self.source_id, SourceName.Kind.DEPLOYMENT, self.names.deployment)


def in_codes(events: Events, *, book: RateBook) -> Events:
    """Return the events with codes for the names that are mapped; other names stay as written.

    Each distinct name is looked up once per slot; events of providers without mappings are not
    looked at.
    """
    providers = book.names.providers
    if not providers or providers.isdisjoint(np.unique(events.provider_id).tolist()):
        return events
    members = np.flatnonzero(np.isin(events.provider_id, sorted(providers)))
    first, group = distinct(
        [
            events.source_id[members],
            events.consumer.codes[members],
            events.deployment.codes[members],
            events.project.codes[members],
            events.occurred_us[members] // SLOT_MICROSECONDS,
        ]
    )
    said = [_said(events, int(index)) for index in members[first]]
    book.names.learn(word for one in said for word in (one.consumer, one.deployment))
    meant = [_meant(one, book.names, book.published) for one in said]
    written = [_written(one.names, other) for one, other in zip(said, meant, strict=True)]
    if not any(written):
        return events

    def recoded(names: Names, texts: Sequence[str]) -> Names:
        return _recoded(names, members, group, texts)

    return replace(
        events,
        consumer=recoded(events.consumer, [one.consumer for one in meant]),
        deployment=recoded(events.deployment, [one.deployment for one in meant]),
        project=recoded(events.project, [one.project for one in meant]),
        written=recoded(Names(np.zeros(len(events), dtype=np.int64), [AS_WRITTEN]), written),
    )


def _said(events: Events, index: int) -> Said:
    return Said(
        int(events.provider_id[index]),
        int(events.source_id[index]),
        int(events.occurred_us[index]) // SLOT_MICROSECONDS,
        Named(
            *(
                names.values[names.codes[index]]
                for names in (events.consumer, events.deployment, events.project)
            )
        ),
    )


def _meant(said: Said, names: NameBook, published: Published) -> Named:
    """Return what the names stand for; the event's own word for the project comes first."""
    at = slot_starts_at(said.slot)
    consumer = names.meaning(said.consumer, at=at, is_code=said.names.consumer in published.parties)
    deployment = names.meaning(
        said.deployment,
        at=at,
        is_code=(said.provider_id, said.names.deployment) in published.deployments,
    )
    return Named(
        consumer.code if consumer else said.names.consumer,
        deployment.code if deployment else said.names.deployment,
        said.names.project or (consumer.project if consumer else ""),
    )


def _written(said: Named, meant: Named) -> str:
    """Return as JSON what was written where something else is meant; empty where nothing is."""
    others = {
        field: name
        for field, name, meaning in zip(Named._fields, said, meant, strict=True)
        if name != meaning
    }
    return json.dumps(others, ensure_ascii=False) if others else AS_WRITTEN


def _recoded(
    names: Names, members: npt.NDArray[np.intp], group: npt.NDArray[np.intp], texts: Sequence[str]
) -> Names:
    """Return the column with the text of its group for each member."""
    code_of = {text: code for code, text in enumerate(names.values)}
    assert len(code_of) == len(names.values), "a dictionary holds each text once"
    codes = names.codes.copy()
    codes[members] = np.array(
        [code_of.setdefault(text, len(code_of)) for text in texts], dtype=np.int64
    )[group]
    return Names(codes, list(code_of))
