"""Rows of a catalogue document, with every value as its column keeps it; nothing is guessed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import models

from ledger.errors import LedgerError
from ledger.parties.models import Deployment, Party
from ledger.periods import begins_with_an_hour
from ledger.pricing.models import Agreement, AgreementVersion, RateCard
from ledger.pricing.sections.section import Section
from ledger.pricing.volume_terms import InvalidVolumeTerms
from ledger.quantities import MINOR_UNIT_DIGITS, round_half_even

SET_BY_US: Final = {"id", "revision", "publication", "created_at"}
QUARTER_MINUTES: Final = 15
CURRENCY_FIELDS: Final = {"currency", "base", "quote"}
SMALL_BITS: Final = 32
LARGE_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document: where, as a JSON pointer, and what to do."""

    pointer: str
    detail: str


@dataclass(slots=True)
class Named:
    """Ids by the code or codes that a document uses, per table."""

    ids: dict[type[models.Model], dict[tuple[str, ...], int]]
    providers: dict[str, str] | None
    zones: dict[str, str] | None
    kinds: dict[str, str] | None
    complete: bool

    def find(self, model: type[models.Model], name: tuple[str, ...]) -> int | None:
        """Return the id of the row with this name, if there is one."""
        if model not in self.ids:
            self.ids[model] = _ids_by_name(model)
        return self.ids[model].get(name)

    def provider_of(self, agreement: str) -> str | None:
        """Return the provider's code: an agreement's rate card is one of its own provider."""
        if self.providers is None:
            self.providers = dict(Agreement.objects.values_list("code", "provider__code"))
        return self.providers.get(agreement)

    def zone_of(self, agreement: str) -> str | None:
        """Return the time zone of an agreement's accounting dates."""
        if self.zones is None:
            self.zones = dict(Agreement.objects.values_list("code", "time_zone"))
        return self.zones.get(agreement)

    def may_be(self, role: str, party: str) -> bool:
        """Return whether a party may stand as provider or consumer."""
        if self.kinds is None:
            self.kinds = dict(Party.objects.values_list("code", "kind"))
        return self.kinds.get(party) in {role, Party.Kind.BOTH, None}

    def forget(self, model: type[models.Model]) -> None:
        """Look again: rows of this table were added."""
        self.ids.pop(model, None)
        self.providers = None
        self.zones = None
        self.kinds = None


def parsed(
    section: Section, rows: object, *, named: Named, faults: list[Fault]
) -> list[dict[str, Any]]:
    """Return the rows with typed values and resolved references; faults are collected."""
    if not isinstance(rows, list):
        faults.append(Fault(f"#/{section.name}", "is not a list"))
        return []
    parsed = []
    for index, row in enumerate(rows):
        pointer = f"#/{section.name}/{index}"
        if not isinstance(row, dict):
            faults.append(Fault(pointer, "is not a mapping"))
            continue
        before = len(faults)
        values = _typed(section, row, pointer=pointer, named=named, faults=faults)
        if len(faults) == before:
            try:
                section.check(row)
                if section.model is AgreementVersion and row.get("volume_terms") is not None:
                    _check_months(named.zone_of(str(row["agreement"])), values["valid_from"])
            except LedgerError as error:
                faults.append(Fault(pointer, str(error)))
        parsed.append(values)
    return parsed


def _check_months(time_zone: str | None, valid_from: datetime) -> None:
    """Refuse volume terms where months do not begin with an hour: the rollup knows only hours.

    :raises InvalidVolumeTerms: naming the zone.
    """
    if time_zone is not None and not begins_with_an_hour(valid_from.date(), time_zone=time_zone):
        raise InvalidVolumeTerms(
            "/volume_terms", f"need months that begin with an hour of UTC; {time_zone} has others"
        )


def _typed(
    section: Section, row: dict[str, Any], *, pointer: str, named: Named, faults: list[Fault]
) -> dict[str, Any]:
    if section.model is AgreementVersion:
        row = {"provider": named.provider_of(str(row.get("agreement"))), **row}
    values: dict[str, Any] = {}
    used = {name for names in section.references.values() for name in names}
    for column in section.model._meta.concrete_fields:
        if column.name in SET_BY_US:
            continue
        used.add(column.name)
        at = f"{pointer}/{column.name}"
        if isinstance(column, models.ForeignKey):
            name = tuple(str(row.get(part) or "") for part in section.references[column.name])
            target = named.find(column.related_model, name) if all(name) else None
            if target is None and named.complete and not (column.null and not name[-1]):
                faults.append(Fault(at, f"names {'/'.join(name)!r}, which is not published"))
            elif column.related_model is Party and not named.may_be(column.name, name[0]):
                faults.append(Fault(at, f"names {name[0]!r}, which is no {column.name}"))
            values[column.attname] = target
        elif column.name in row:
            try:
                values[column.name] = _value(column, row[column.name])
            except (ValueError, TypeError, InvalidOperation, ZoneInfoNotFoundError) as error:
                faults.append(Fault(at, str(error)))
        elif column.has_default() or column.null:
            values[column.name] = column.get_default()
        else:
            faults.append(Fault(at, "is missing"))
    faults.extend(
        Fault(f"{pointer}/{name}", f"is not a field of {section.name}")
        for name in sorted(set(row) - used)
    )
    return values


def _value(column: "models.Field[Any, Any]", value: Any) -> Any:
    """Return a document's value as its column keeps it; nothing is guessed.

    :raises ValueError: saying what to write instead.
    """
    if value is None:
        if not column.null:
            raise ValueError("is missing")
        return None
    for kind, read in _READERS:
        if isinstance(column, kind):
            answer = read(value)
            if isinstance(column, models.DecimalField):
                _must_fit(column, answer)
            return answer
    if isinstance(value, bool | float | Mapping | list):
        raise ValueError(f"{value!r} is not text")  # noqa: TRY004 - one error for every faulty value
    text = str(value)
    if column.choices and text not in {choice for choice, _ in column.flatchoices}:
        raise ValueError(f"{text!r} is none of {', '.join(c for c, _ in column.flatchoices)}")
    if column.name in CURRENCY_FIELDS and text not in MINOR_UNIT_DIGITS:
        raise ValueError(f"{text!r} is not a currency this ledger keeps")
    if column.name == "time_zone":
        ZoneInfo(text)
    return text


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool | float):
        raise ValueError(f"{value!r} is not exact: write it in quotes")  # noqa: TRY004 - one error for every faulty value
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return number


def _must_fit(column: "models.DecimalField[Any, Any]", number: Decimal) -> None:
    """Refuse a figure that the column would round, or could not hold.

    :raises ValueError: saying how many digits there may be.
    """
    places = column.decimal_places or 0
    digits = (column.max_digits or 0) - places
    if number != round_half_even(number, digits=places) or abs(number) >= 10**digits:
        raise ValueError(f"{number} has more than {digits} digits or {places} decimals")


def _quarter_hour(value: object) -> datetime:
    """Everything that enters a rate starts with a slot."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError(f"{value!s} needs a zone: write it as 2026-01-01T00:00:00Z, in quotes")
    if at.minute % QUARTER_MINUTES or at.second or at.microsecond:
        raise ValueError(f"{value!s} is not on a quarter hour")
    return at


def _date(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a whole number")  # noqa: TRY004 - one error for every faulty value
    if value.bit_length() >= LARGE_BITS:
        raise ValueError(f"{value} is too large")
    return value


def _small(value: object) -> int:
    number = _whole(value)
    if number.bit_length() >= SMALL_BITS:
        raise ValueError(f"{number} is too large")
    return number


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")  # noqa: TRY004 - one error for every faulty value
    return value


def _as_it_is(value: object) -> object:
    return value


_READERS: Final[tuple[tuple[Any, Any], ...]] = (
    (models.DecimalField, _decimal),
    (models.DateTimeField, _quarter_hour),
    (models.DateField, _date),
    (models.BooleanField, _flag),
    (models.JSONField, _as_it_is),
    (models.BigIntegerField, _whole),
    (models.IntegerField, _small),
)


def _ids_by_name(model: type[models.Model]) -> dict[tuple[str, ...], int]:
    """Return ids by the names under which documents refer to a table's rows."""
    manager = model._default_manager
    if model in (Deployment, RateCard):
        rows = manager.values_list("provider__code", "code", "id")
    else:
        rows = manager.values_list("code", "id")
    return {tuple(row[:-1]): row[-1] for row in rows}
