"""What a publication changes, row by row and field by field, and whether prices may move."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import ForeignKey, Model

from ledger.pricing import inputs
from ledger.pricing.rows import SET_BY_US
from ledger.pricing.sections import SECTIONS
from ledger.pricing.sections.section import Section

ADDED: Final = "added"
CHANGED: Final = "changed"
WITHDRAWN: Final = "withdrawn"

OWNER: Final = "provider"

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field's value before and after, as text; None where there is none."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What one row does: to which thing of which section, from when on.

    `moves_prices`: something had a price before, and may have another one with the row.
    """

    section: str
    name: str
    act: str
    valid_from: datetime | None
    moves_prices: bool
    fields: tuple[Difference, ...]

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "section": self.section,
            "name": self.name,
            "act": self.act,
            "valid_from": self.valid_from and self.valid_from.astimezone(UTC).isoformat(),
            "moves_prices": self.moves_prices,
            "differences": [
                {"field": one.field, "before": one.before, "after": one.after}
                for one in self.fields
            ],
        }


def reaches_back_to(stated: Sequence[Mapping[str, Any]], *, now: datetime) -> datetime | None:
    """Return from when usage may be rated already by what changes; None if all of it is to come.

    `stated` are changes as plain data. What was rated keeps its price until it is re-rated.
    """
    starts = [
        datetime.fromisoformat(one["valid_from"])
        for one in stated
        if one["moves_prices"] and one["valid_from"]
    ]
    return min((at for at in starts if at < now), default=None)


def of_rows(added: Mapping[str, Sequence[Model]]) -> list[Change]:
    """Return what rows that were just written change, section by section: two queries each."""
    things = {(type(row), row.pk) for rows in added.values() for row in rows}
    return [
        change
        for section in SECTIONS
        if section.name in added
        for change in _of_section(section, added[section.name], things=things)
    ]


def _of_section(
    section: Section, added: Sequence[Model], *, things: set[tuple[type[Model], Any]]
) -> Iterator[Change]:
    """Yield what a section's rows change; of `things` of the same document nothing had a price."""
    columns = [column.name for column in section.model._meta.concrete_fields]
    fresh = {row.pk for row in added}
    order = [name for name in ("valid_from", "revision") if name in columns]
    guard = _guard(section)
    named = guard or section.identity
    others = {f"{name}__in": {getattr(row, name) for row in added} for name in named}
    stored = section.model._default_manager.filter(**others)
    rows = list(stored.select_related(*_relations(section)).order_by(*order, "pk"))
    before = {_key(row, guard) for row in rows if row.pk not in fresh}
    newest: dict[Key, Model] = {}
    for row in rows:
        key = _key(row, section.identity)
        if row.pk in fresh:
            versioned = "revision" in columns
            is_of_new = any((type(one), one.pk) in things for one in _named(row, section))
            moves = versioned and not is_of_new and (not guard or _key(row, guard) in before)
            yield _change(section, row, newest.get(key), moves=moves)
        newest[key] = row


def _relations(section: Section) -> Iterator[str]:
    """Yield what rows refer to, and whose that is."""
    for column in section.model._meta.concrete_fields:
        if isinstance(column, ForeignKey):
            owned = any(field.name == OWNER for field in column.related_model._meta.fields)
            yield f"{column.name}__{OWNER}" if owned else column.name


def _guard(section: Section) -> tuple[str, ...]:
    return section.identity if section.priced_before is None else section.priced_before


def _named(row: Model, section: Section) -> Iterator[Model]:
    """Yield the things that a row's identity names."""
    for name in section.identity:
        value = getattr(row, name)
        if isinstance(value, Model):
            yield value


def _key(row: Model, names: Iterable[str]) -> Key:
    return tuple(getattr(row, name) for name in names)


def _change(section: Section, row: Model, earlier: Model | None, *, moves: bool) -> Change:
    withdrawn = getattr(row, "withdrawn", False)
    held = earlier is not None and not getattr(earlier, "withdrawn", False)
    before = _facts(section, earlier) if earlier is not None and held else {}
    after = {} if withdrawn else _facts(section, row)
    differing = [
        name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)
    ]
    only_unpriced = bool(differing) and set(differing) <= set(section.unpriced)
    return Change(
        section=section.name,
        name="/".join(_said(part) for part in _key(row, section.identity)),
        act=WITHDRAWN if withdrawn else CHANGED if held else ADDED,
        valid_from=getattr(row, "valid_from", None),
        moves_prices=moves and not only_unpriced,
        fields=tuple(Difference(name, before.get(name), after.get(name)) for name in differing),
    )


def _facts(section: Section, row: Model) -> dict[str, str]:
    """Return what a row says, by field; what lies within a document by its path."""
    facts: dict[str, str] = {}
    for column in row._meta.concrete_fields:
        if column.name in {*SET_BY_US, *section.identity, "valid_from", "withdrawn"}:
            continue
        facts.update(_spread(column.name, getattr(row, column.name)))
    return facts


def _spread(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _spread(f"{path}/{name}", inner)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, inner in enumerate(value):
            yield from _spread(f"{path}/{number}", inner)
    elif isinstance(value, list):
        yield path, json.dumps(value, ensure_ascii=False)
    else:
        yield path, _said(value)


def _said(value: Any) -> str:
    """Return a value as documents write it; what belongs to a provider behind its code."""
    if isinstance(value, Decimal):
        return inputs.text(value)
    owner = getattr(value, OWNER, None) if isinstance(value, Model) else None
    return f"{owner.code}/{value}" if owner is not None else str(value)
