"""What an agreement changes of the rate card that it names. Pure.

Overrides are in the rate card's currency and replace what the card says of the same thing: a
margin, a floor, a cap or a list price of a class, a service tier, which of two prices is charged.
What could be read in two ways is refused.
"""

from collections.abc import Mapping
from typing import Any, Final

from ledger.pricing.rate_cards import card_from_document
from ledger.pricing.terms import InvalidTerms

OF_COST_PLUS: Final = ("margin", "floor", "cap")
PER_CLASS: Final = ("floor", "cap", "per_million_tokens")
FIELDS: Final = (*OF_COST_PLUS, "per_million_tokens", "service_tiers", "charged")
POINTER: Final = "/overrides"


def check_overrides(overrides: object) -> None:
    """Refuse overrides that no card could take, whatever it says.

    :raises InvalidTerms: naming the field.
    """
    fields = _mapping(overrides, POINTER)
    if not fields:
        raise InvalidTerms(POINTER, "change nothing: leave them out")
    for name in fields:
        if name not in FIELDS:
            raise InvalidTerms(f"{POINTER}/{name}", f"is none of {', '.join(FIELDS)}")
    for name in (*PER_CLASS, "service_tiers"):
        _mapping(fields.get(name, {}), f"{POINTER}/{name}")
    price = {"per_million_tokens": fields.get("per_million_tokens") or {"input": "0"}}
    side = {name: fields[name] for name in OF_COST_PLUS if name in fields}
    document = {
        "kind": "both",
        "charged": fields.get("charged", "list"),
        "cost_plus": {"margin": "0", **side},
        "list": price,
    }
    if "service_tiers" in fields:
        document["service_tiers"] = fields["service_tiers"]
    card_from_document(document)


def agreed_document(
    card: Mapping[str, Any], overrides: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Return the card's document as the agreement has it.

    :raises InvalidTerms: if the overrides change what the card has not, or leave two answers.

    >>> card = {"kind": "cost_plus", "margin": "0.20", "cap": {"output": "20", "input": "8"}}
    >>> agreed_document(card, {"margin": "0.15", "cap": {"output": "18"}})
    {'kind': 'cost_plus', 'margin': '0.15', 'cap': {'output': '18', 'input': '8'}}
    """
    if overrides is None:
        return card
    changed: dict[str, Any] = dict(card)
    kind = card.get("kind")
    # Tiers first: an agreed price is held against those that stand then.
    for name, value in sorted(overrides.items(), key=lambda one: one[0] != "service_tiers"):
        if name == "charged":
            if kind != "both":
                raise InvalidTerms(f"{POINTER}/charged", f"the card of kind {kind} makes one price")
            changed["charged"] = value
        elif name == "service_tiers":
            changed["service_tiers"] = {**(card.get("service_tiers") or {}), **value}
        else:
            _side(changed, name, value)
    return changed


def _side(changed: dict[str, Any], name: str, value: Any) -> None:
    """Change a field of the side that it belongs to."""
    wanted = "cost_plus" if name in OF_COST_PLUS else "list"
    if changed.get("kind") not in {wanted, "both"}:
        raise InvalidTerms(f"{POINTER}/{name}", f"the card has no {wanted} side")
    side = changed
    if changed["kind"] == "both":
        side = changed[wanted] = dict(changed[wanted])
    if name in {"margin", "per_million_tokens"} and side.get("context_tiers"):
        detail = "the card has steps by context, which would stay: agree on a card of its own"
        raise InvalidTerms(f"{POINTER}/{name}", detail)
    if name == "per_million_tokens" and _states_prices(changed):
        detail = "the card's tiers or periods state prices, which would stay: agree on those too"
        raise InvalidTerms(f"{POINTER}/{name}", detail)
    side[name] = {**(side.get(name) or {}), **value} if name in PER_CLASS else value


def _states_prices(card: Mapping[str, Any]) -> bool:
    """Return whether a service tier or a period of the calendar has list prices of its own."""
    changes = [card.get("service_tiers"), (card.get("calendar") or {}).get("periods")]
    return any("per_million_tokens" in one for rows in changes for one in (rows or {}).values())


def _mapping(value: object, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidTerms(pointer, "is not a mapping")
    return value
