"""A rate card: its sides, and what context, service tier and time of day make of them. Pure.

A card has a cost-plus side, a list side, or both. Each side may have steps by context: the whole
request is at the step that its prompt tokens reach. A service tier and a period of the card's
calendar change the price by a factor, which enters before floor and cap, or state prices of their
own for the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Any, Final, Generic, TypeVar

from ledger import service_tiers
from ledger.pricing import day_periods, documents
from ledger.pricing.day_periods import DayPeriods
from ledger.pricing.terms import (
    Both,
    Charged,
    CostPlus,
    InvalidTerms,
    ListPrice,
    PerToken,
    Terms,
    per_token,
)
from ledger.quantities import EXACT

Stated = TypeVar("Stated")

SHARED: Final = {"kind", "service_tiers", "calendar"}
COST_PLUS: Final = {"margin", "floor", "cap", "context_tiers"}
LIST: Final = {"per_million_tokens", "context_tiers"}
ONE: Final = Decimal(1)


class NoServiceTier(Exception):
    """The card has no price in this tier."""


@dataclass(frozen=True, slots=True)
class Steps(Generic[Stated]):
    """What holds from so many prompt tokens on, ascending; the first from 0."""

    steps: tuple[tuple[int, Stated], ...]

    def at(self, context_from_tokens: int) -> Stated:
        """Return what holds in the band that begins there."""
        return [stated for bound, stated in self.steps if bound <= context_from_tokens][-1]

    @property
    def bounds(self) -> frozenset[int]:
        """Return where something changes."""
        return frozenset(bound for bound, _ in self.steps[1:])


@dataclass(frozen=True, slots=True)
class CostPlusSide:
    """Margins by context, and a floor and a cap per token."""

    margins: Steps[Decimal]
    floor: PerToken
    cap: PerToken


@dataclass(frozen=True, slots=True)
class Change:
    """What a tier or a period makes of a price: a factor, or prices of its own for the list."""

    factor: Decimal
    prices: Steps[PerToken] | None


@dataclass(frozen=True, slots=True)
class RateCardTerms:
    """A card as it is read: sides, tiers, and what each period of its calendar changes."""

    charged: Charged
    cost_plus: CostPlusSide | None
    listed: Steps[PerToken] | None
    tiers: Mapping[str, Change]
    periods: Mapping[str, Change]

    @property
    def bounds(self) -> frozenset[int]:
        """Return the prompt tokens from which on another price holds, 0 left out."""
        found = [side.bounds for side in (self.listed,) if side is not None]
        found += [] if self.cost_plus is None else [self.cost_plus.margins.bounds]
        changes = (*self.tiers.values(), *self.periods.values())
        found += [change.prices.bounds for change in changes if change.prices is not None]
        return frozenset().union(*found)

    def bound_of(self, context_from_tokens: int) -> int:
        """Return the card's own bound below which a band lies; 0 if the card has none there."""
        return max((bound for bound in self.bounds if bound <= context_from_tokens), default=0)

    def in_use(self, *, context_from_tokens: int, tier: str, period: str | None) -> Terms:
        """Return the terms of one use of the card.

        :raises NoServiceTier: if the card has no price in the tier.
        """
        changes = [] if period is None else [self.periods[period]]
        if tier != service_tiers.STANDARD:
            if tier not in self.tiers:
                raise NoServiceTier(tier)
            changes.append(self.tiers[tier])
        listed = _listed(self.listed, changes, context_from_tokens)
        side = self.cost_plus
        if side is None:
            assert listed is not None, "a card has one side at least"
            return listed
        with localcontext(EXACT):
            factor = ONE
            for change in changes:
                factor *= change.factor
        made = CostPlus(side.margins.at(context_from_tokens), side.floor, side.cap, factor)
        return made if listed is None else Both(self.charged, made, listed)


def card_from_document(document: object) -> RateCardTerms:
    """Return the terms of a rate card version from its plain data, without its windows.

    :raises InvalidTerms: if a field is missing, misspelt, out of range or contradicts another.

    >>> card = card_from_document({"kind": "list", "per_million_tokens": {"output": "2.19"}})
    >>> card.in_use(context_from_tokens=0, tier="standard", period=None).price_per_token
    {'output': Decimal('0.00000219')}
    """
    fields = _mapping(document, "/terms")
    side: CostPlusSide | None = None
    listed: Steps[PerToken] | None = None
    match fields.get("kind"):
        case "cost_plus":
            _only(fields, SHARED | COST_PLUS, "/terms")
            charged, side = Charged.COST_PLUS, _cost_plus(fields, "/terms")
        case "list":
            _only(fields, SHARED | LIST, "/terms")
            charged, listed = Charged.LIST, _prices(fields, "/terms")
        case "both":
            _only(fields, SHARED | {"charged", "cost_plus", "list"}, "/terms")
            charged = _charged(fields.get("charged"))
            side = _cost_plus(_part(fields, "cost_plus", COST_PLUS), "/terms/cost_plus")
            listed = _prices(_part(fields, "list", LIST), "/terms/list")
        case kind:
            raise InvalidTerms("/terms/kind", f"{kind!r} is none of cost_plus, list, both")
    card = RateCardTerms(charged, side, listed, {}, {})
    tiers = _tiers(fields.get("service_tiers") or {}, card)
    calendar = _mapping(fields.get("calendar") or {}, "/terms/calendar")
    _only(calendar, day_periods.FIELDS, "/terms/calendar")
    periods = _changes(calendar.get("periods") or {}, card, "/terms/calendar/periods")
    if calendar and not periods:
        raise InvalidTerms("/terms/calendar/periods", "say what each period changes")
    states = [any(one.prices for one in changes.values()) for changes in (tiers, periods)]
    if all(states):
        raise InvalidTerms("/terms/service_tiers", "state prices, and so do periods: which holds?")
    return replace(card, tiers=tiers, periods=periods)


def calendar_from_document(document: Mapping[str, Any]) -> DayPeriods | None:
    """Return the calendar of a rate card version's plain data, if it has one.

    :raises InvalidTerms: if its windows do not cover the day, or its periods are not theirs.
    """
    calendar = document.get("calendar")
    if calendar is None:
        return None
    try:
        found = day_periods.from_document(_mapping(calendar, "/terms/calendar"))
    except ValueError as error:
        where, _, detail = str(error).partition(": ")
        raise InvalidTerms(f"/terms/calendar/{where}", detail) from error
    stated = set(calendar.get("periods") or {})
    if stated != found.names:
        differing = ", ".join(sorted(stated ^ found.names))
        raise InvalidTerms("/terms/calendar/periods", f"are not those of the windows: {differing}")
    return found


def _listed(
    listed: Steps[PerToken] | None, changes: Sequence[Change], context_from_tokens: int
) -> ListPrice | None:
    if listed is None:
        return None
    own = [change.prices for change in changes if change.prices is not None]
    prices = (own[-1] if own else listed).at(context_from_tokens)
    with localcontext(EXACT):
        factor = ONE
        for change in changes:
            factor *= ONE if change.prices is not None else change.factor
        return ListPrice({name: price * factor for name, price in prices.items()})


def _cost_plus(fields: Mapping[str, Any], pointer: str) -> CostPlusSide:
    floor = per_token(fields, "floor", pointer=pointer)
    cap = per_token(fields, "cap", pointer=pointer)
    margin = _margin(fields.get("margin"), f"{pointer}/margin")
    for name in floor.keys() & cap.keys():
        if floor[name] > cap[name]:
            raise InvalidTerms(f"{pointer}/floor/{name}", "is above the cap")
    steps = [(0, margin)]
    for at, step, bound in _context_tiers(fields, {"from_tokens", "margin"}, pointer):
        steps.append((bound, _margin(step.get("margin"), f"{at}/margin")))
    return CostPlusSide(Steps(tuple(steps)), floor, cap)


def _prices(fields: Mapping[str, Any], pointer: str) -> Steps[PerToken]:
    prices = per_token(fields, "per_million_tokens", pointer=pointer)
    if not prices:
        raise InvalidTerms(f"{pointer}/per_million_tokens", "names no price")
    steps: list[tuple[int, PerToken]] = [(0, prices)]
    for at, step, bound in _context_tiers(fields, {"from_tokens", "per_million_tokens"}, pointer):
        of_step = per_token(step, "per_million_tokens", pointer=at)
        if of_step.keys() != prices.keys():
            classes = ", ".join(prices)
            raise InvalidTerms(f"{at}/per_million_tokens", f"must price the same: {classes}")
        steps.append((bound, of_step))
    return Steps(tuple(steps))


def _context_tiers(
    fields: Mapping[str, Any], allowed: set[str], pointer: str
) -> list[tuple[str, Mapping[str, Any], int]]:
    """Return pointer, fields and bound of each step above the first."""
    rows = fields.get("context_tiers") or []
    if not isinstance(rows, list):
        raise InvalidTerms(f"{pointer}/context_tiers", "is not a list of steps")
    found: list[tuple[str, Mapping[str, Any], int]] = []
    below = 0
    for index, row in enumerate(rows):
        at = f"{pointer}/context_tiers/{index}"
        step = _mapping(row, at)
        _only(step, allowed, at)
        bound = step.get("from_tokens")
        if isinstance(bound, bool) or not isinstance(bound, int) or bound <= below:
            raise InvalidTerms(f"{at}/from_tokens", f"{bound!r} is not a number above {below}")
        found.append((at, step, bound))
        below = bound
    return found


def _tiers(rows: object, card: RateCardTerms) -> dict[str, Change]:
    changes = _changes(rows, card, "/terms/service_tiers")
    for name in changes:
        if name == service_tiers.STANDARD or service_tiers.named(name) != name:
            detail = f"is known as {service_tiers.named(name)!r}; the standard tier is the card"
            raise InvalidTerms(f"/terms/service_tiers/{name}", detail)
    return changes


def _changes(rows: object, card: RateCardTerms, pointer: str) -> dict[str, Change]:
    return {
        str(name): _change(_mapping(row, f"{pointer}/{name}"), card, f"{pointer}/{name}")
        for name, row in _mapping(rows, pointer).items()
    }


def _change(fields: Mapping[str, Any], card: RateCardTerms, pointer: str) -> Change:
    _only(fields, {"factor"} | (LIST if card.listed else set()), pointer)
    prices = _prices(fields, pointer) if fields.keys() & LIST else None
    stated = fields.get("factor")
    if card.cost_plus is None and prices is not None and stated is not None:
        raise InvalidTerms(f"{pointer}/factor", "is stated beside prices: one of the two")
    if card.cost_plus is not None and prices is not None and stated is None:
        raise InvalidTerms(f"{pointer}/factor", "is missing: the cost-plus side needs it")
    if "/service_tiers/" in pointer and stated is None and prices is None:
        raise InvalidTerms(f"{pointer}/factor", "is missing")
    try:
        factor = ONE if stated is None else documents.not_negative(stated)
    except ValueError as error:
        raise InvalidTerms(f"{pointer}/factor", str(error)) from error
    return Change(factor, prices)


def _margin(stated: object, pointer: str) -> Decimal:
    try:
        margin = documents.number(stated)
    except ValueError as error:
        raise InvalidTerms(pointer, str(error)) from error
    if margin < -1:
        raise InvalidTerms(pointer, "is below -1, which would make prices negative")
    return margin


def _charged(stated: object) -> Charged:
    try:
        return Charged(str(stated))
    except ValueError as error:
        known = ", ".join(Charged)
        raise InvalidTerms("/terms/charged", f"{stated!r} is none of {known}") from error


def _part(fields: Mapping[str, Any], name: str, allowed: set[str]) -> Mapping[str, Any]:
    part = _mapping(fields.get(name), f"/terms/{name}")
    _only(part, allowed, f"/terms/{name}")
    return part


def _mapping(value: object, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidTerms(pointer, "is not a mapping")
    return value


def _only(fields: Mapping[str, Any], allowed: set[str], pointer: str) -> None:
    try:
        documents.only_fields(fields, allowed)
    except ValueError as error:
        raise InvalidTerms(pointer, str(error)) from error
