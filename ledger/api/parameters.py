"""Query parameters and path segments, read strictly: a value that is not understood is refused."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from rest_framework.request import Request

from ledger.errors import LedgerError
from ledger.periods import InvalidMonth, parse_month
from ledger.usage.formats.decoding import moment

SPACE_BEFORE_OFFSET: Final = re.compile(r" (?=\d\d:\d\d$)")
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 1_000
LIMIT_DIGITS = 4


class InvalidParameter(LedgerError):
    """A parameter of the request has a value that it cannot have."""

    problem = "invalid-parameter"

    def __init__(self, *, parameter: str, expected: str) -> None:
        self.parameter = parameter
        self.expected = expected
        super().__init__(f"{parameter} must be {expected}")


def only(request: Request, *names: str) -> None:
    """Refuse query parameters that the operation does not know: a typing error must not widen it.

    :raises InvalidParameter: if there is another one.
    """
    for name in request.query_params:
        if name not in names:
            known = ", ".join(names) if names else "none"
            raise InvalidParameter(parameter=name, expected=f"left out (known here: {known})")


def limit(request: Request) -> int:
    """Return the page's size.

    :raises InvalidParameter: if it is not a number from 1 to 1000.
    """
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    is_number = text.isascii() and text.isdigit() and len(text) <= LIMIT_DIGITS
    if not is_number or not 1 <= int(text) <= MAXIMUM_LIMIT:
        raise InvalidParameter(parameter="limit", expected=f"a number from 1 to {MAXIMUM_LIMIT}")
    return int(text)


def day(request: Request, name: str) -> date | None:
    """Return the date of an optional parameter.

    :raises InvalidParameter: if it is not written YYYY-MM-DD.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        parsed = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidParameter(parameter=name, expected="a date, written YYYY-MM-DD") from error
    if parsed.isoformat() != text:
        raise InvalidParameter(parameter=name, expected="a date, written YYYY-MM-DD")
    return parsed


def month(request: Request, name: str) -> tuple[date, date] | None:
    """Return the first day of an optional month, and of the one after it.

    :raises InvalidParameter: if it is not written YYYY-MM.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return parse_month(text)
    except (InvalidMonth, OverflowError) as error:
        raise InvalidParameter(parameter=name, expected="a month, written YYYY-MM") from error


def instant(request: Request, name: str) -> datetime | None:
    """Return the instant of an optional parameter, in UTC.

    :raises InvalidParameter: if it is not RFC 3339. A `+` in an address stands for a space, so an
        offset behind one is taken for what was meant.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    expected = "an RFC 3339 time, such as 2026-10-05T02:00:00Z"
    try:
        at = moment(SPACE_BEFORE_OFFSET.sub("+", text)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidParameter(parameter=name, expected=expected) from error
    if not EARLIEST <= at < LATEST:
        raise InvalidParameter(parameter=name, expected=expected)
    return at


def whole(request: Request, name: str, *, most: int) -> int | None:
    """Return the whole number of an optional parameter.

    :raises InvalidParameter: if it is not one from 0 to `most`.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not is_number or int(text) > most:
        raise InvalidParameter(parameter=name, expected=f"a number from 0 to {most}")
    return int(text)


def step(request: Request, name: str, *, step: int, most: int) -> int:
    """Return the whole number of an optional parameter, which may be negative; 0 if left out.

    :raises InvalidParameter: if it is no multiple of `step`, or more than `most` away from zero.
    """
    text = request.query_params.get(name, "0")
    is_number = re.fullmatch(r"[+ -]?\d{1,9}", text, re.ASCII) is not None
    if not is_number or int(text) % step or abs(int(text)) > most:
        expected = f"a multiple of {step} from -{most} to {most}"
        raise InvalidParameter(parameter=name, expected=expected)
    return int(text)


def time_zone(request: Request, name: str) -> str | None:
    """Return the name of a time zone of an optional parameter.

    :raises InvalidParameter: if it is none of the IANA database.
    """
    text = request.query_params.get(name)
    if text is not None and text not in _zones():
        raise InvalidParameter(parameter=name, expected="an IANA time zone, such as Asia/Shanghai")
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def flag(request: Request, name: str) -> bool:
    """Return whether an optional parameter is `true`.

    :raises InvalidParameter: if it is neither that nor `false`.
    """
    return choice(request, name, ("true", "false")) == "true"


def choice(request: Request, name: str, known: Sequence[str]) -> str | None:
    """Return the value of an optional parameter that knows only some.

    :raises InvalidParameter: if it is another one.
    """
    text = request.query_params.get(name)
    if text is not None and text not in known:
        raise InvalidParameter(parameter=name, expected=" or ".join(known))
    return text


def refuse_null_characters(request: Request) -> None:
    """Refuse U+0000, which PostgreSQL's text cannot hold.

    :raises InvalidParameter: if the path or the query has one.
    """
    values = [value for _, listed in request.query_params.lists() for value in listed]
    if any("\x00" in value for value in [request.path, *request.query_params, *values]):
        raise InvalidParameter(parameter="the address", expected="without the character U+0000")
