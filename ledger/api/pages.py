"""Pages by cursor: a cursor is the sort key of the last row seen, so inserts move nothing."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from ledger.api import parameters
from ledger.constraints import is_storable
from ledger.errors import LedgerError

Row = TypeVar("Row")
Key = str | tuple[int, ...]


class InvalidCursor(LedgerError):
    """A cursor was cut, made up, or taken from another list."""

    problem = "invalid-cursor"

    def __init__(self) -> None:
        super().__init__("take the cursor from the `next` link of the page before, unchanged")


def number_after(request: Request) -> int | None:
    """Return the number behind the cursor, None on the first page.

    :raises InvalidCursor: if it holds something else.
    """
    numbers = numbers_after(request, count=1)
    return None if numbers is None else numbers[0]


def numbers_after(request: Request, *, count: int) -> tuple[int, ...] | None:
    """Return the numbers behind the cursor, None on the first page.

    :raises InvalidCursor: if it holds something else.
    """
    key = _cursor(request)
    if key is None:
        return None
    if (
        not isinstance(key, list)
        or len(key) != count
        or not all(type(part) is int and abs(part) < 2**63 for part in key)
    ):
        raise InvalidCursor
    return tuple(key)


def text_after(request: Request) -> str | None:
    """Return the text behind the cursor, None on the first page.

    :raises InvalidCursor: if it holds something else.
    """
    key = _cursor(request)
    if key is not None and (not isinstance(key, str) or not is_storable(key)):
        raise InvalidCursor
    return key


def page(
    request: Request,
    rows: Sequence[Row],
    *,
    key: Callable[[Row], Key],
    render: Callable[[Row], dict[str, Any]],
) -> dict[str, Any]:
    """Return the page of rows, read with one more than the limit, and the link to the next.

    The rows beyond the limit say only that there is a next page.
    """
    limit = parameters.limit(request)
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        cursor = _encoded(key(shown[-1]))
        following = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
    return {"items": [render(row) for row in shown], "next": following}


def _encoded(key: Key) -> str:
    text = json.dumps(key, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _cursor(request: Request) -> Any:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        key = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise InvalidCursor from error
    if key is None:
        raise InvalidCursor
    return key
