"""Replay a trace in the Azure LLM inference format: TIMESTAMP,ContextTokens,GeneratedTokens. Pure.

Times carry no zone and are UTC; their seventh digit is cut. The rows are dealt to the demo's flows
in turn, so that consumers and deployments share a trace that names neither.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Final

from ledger.tokens import LARGEST_COUNT
from settlement.demo.flows import FLOWS
from settlement.demo.generator import SEED, Usage, event_id

HEADER: Final = "TIMESTAMP,ContextTokens,GeneratedTokens"
LINE: Final = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?"
    r",(?P<context>\d{1,10}),(?P<generated>\d{1,10})",
    re.ASCII,
)


class TraceUnreadable(Exception):
    """A trace is not in the format that it should be in; the sentence names the line."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request of a trace."""

    occurred_at: datetime
    context_tokens: int
    generated_tokens: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a trace adds up to."""

    events: int
    context_tokens: int
    generated_tokens: int


def read(path: Path) -> list[Row]:
    """Return the rows of a trace file, in its order.

    :raises TraceUnreadable: if the file cannot be read, is empty, or a line of it is malformed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TraceUnreadable(f"The trace {path} cannot be read: {error}.") from error
    return parse(text.split("\n"), name=path.name)


def parse(lines: Iterable[str], *, name: str) -> list[Row]:
    """Return the rows of a trace; lines may end with CR.

    :raises TraceUnreadable: naming the first line that is malformed.
    """
    rows = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if number == 1:
            if text.strip() != HEADER:
                raise TraceUnreadable(f"{name}, line 1: the header should read {HEADER}.")
        elif text:
            try:
                rows.append(_row(text))
            except ValueError as error:
                raise TraceUnreadable(f"{name}, line {number}: {error}.") from error
    if not rows:
        raise TraceUnreadable(f"{name} holds no request.")
    return rows


def totals(rows: Iterable[Row]) -> Totals:
    """Return what the rows add up to."""
    counted = list(rows)
    return Totals(
        events=len(counted),
        context_tokens=sum(row.context_tokens for row in counted),
        generated_tokens=sum(row.generated_tokens for row in counted),
    )


def replay(rows: Iterable[Row], *, seed: int = SEED) -> list[Usage]:
    """Return the rows as usage events, in the order in which they occurred."""
    rng = Random(seed)  # noqa: S311 - repeatable on purpose; nothing is secret
    usage = [
        Usage(
            event_id(row.occurred_at, rng),
            row.occurred_at,
            flow,
            {"input": row.context_tokens, "output": row.generated_tokens},
            "complete",
        )
        for row, flow in zip(rows, cycle(FLOWS), strict=False)
    ]
    usage.sort(key=lambda one: (one.occurred_at, one.event_id))
    return usage


def _row(text: str) -> Row:
    found = LINE.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"{text!r} is not like 2023-11-16 18:17:03.9799600,4808,10 (time, tokens, tokens)"
        )
    counts = [int(found[name]) for name in ("context", "generated")]
    if max(counts) > LARGEST_COUNT:
        raise ValueError(f"{max(counts)} tokens are more than one event may have")
    at = datetime.fromisoformat(found["at"]).replace(tzinfo=UTC)
    microseconds = int((found["fraction"] or "0").ljust(6, "0")[:6])
    return Row(at.replace(microsecond=microseconds), *counts)
