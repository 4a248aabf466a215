"""Meter readings as they are stated: plain data into exact values. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

KINDS: Final = ("facility", "it", "gpu_busy", "gpu_available")
GRADES: Final = ("O", "M", "P", "D", "I")
FIELDS: Final = ("site", "kind", "starts_at", "ends_at", "quantity", "grade", "source")
OPTIONAL: Final = ("grade", "source")

QUARTER_HOUR: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(days=32)
"""A month, and the hour that a clock may be put back in it."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
QUANTITY: Final = re.compile(r"^\d{1,12}(\.\d{1,6})?$", re.ASCII)
LONGEST_SOURCE: Final = 200


@dataclass(frozen=True, slots=True)
class StatedReading:
    """A reading of a site's meter for starts_at <= t < ends_at, in kWh or GPU-hours by its kind."""

    site: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    quantity: Decimal
    grade: str
    source: str

    @property
    def name(self) -> str:
        """Return how a refusal names it."""
        return (
            f"{self.kind} of {self.site} from {self.starts_at:%Y-%m-%d %H:%M}"
            f" to {self.ends_at:%Y-%m-%d %H:%M} UTC"
        )


def reading(fields: Mapping[str, object]) -> StatedReading:
    """Read one reading; a grade that is left out is M, measured.

    :raises ValueError: saying which field, and what to write instead.
    """
    unknown = sorted(str(name) for name in fields if name not in FIELDS)
    if unknown:
        raise ValueError(f"{unknown[0]} is not a field of a reading: {', '.join(FIELDS)}")
    text: dict[str, str] = {}
    for name in FIELDS:
        value = fields.get(name)
        if value is None and name in OPTIONAL:
            value = ""
        if not isinstance(value, str) or (not value and name not in OPTIONAL):
            raise ValueError(f"{name} is missing, or not text: write numbers in quotes")
        text[name] = value.strip()
    starts_at, ends_at = _instant(text, "starts_at"), _instant(text, "ends_at")
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise ValueError("ends_at must be later than starts_at, by 32 days at most")
    if text["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if not QUANTITY.match(text["quantity"]):
        raise ValueError("quantity must be a number of at most 12 digits and 6 decimals, from 0")
    grade = text["grade"] or "M"
    if grade not in GRADES:
        raise ValueError(f"grade must be one of {', '.join(GRADES)}")
    if len(text["source"]) > LONGEST_SOURCE or "\x00" in "".join(text.values()):
        raise ValueError(f"source has at most {LONGEST_SOURCE} characters, and none is U+0000")
    return StatedReading(
        text["site"],
        text["kind"],
        starts_at,
        ends_at,
        Decimal(text["quantity"]),
        grade,
        text["source"],
    )


def _instant(text: Mapping[str, str], name: str) -> datetime:
    """Return the quarter hour that a field names."""
    try:
        at = datetime.fromisoformat(text[name])
        in_utc = None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be a time such as 2026-10-01T00:00:00+08:00") from error
    if in_utc is None:
        raise ValueError(f"{name} needs a zone, such as 2026-10-01T00:00:00+08:00")
    if in_utc < EARLIEST or (in_utc - EARLIEST) % QUARTER_HOUR:
        raise ValueError(f"{name} must be a quarter hour, from 2000 on")
    return in_utc
