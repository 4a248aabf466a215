"""From a span with gen_ai attributes to a usage record. Pure.

After the registry of semantic-conventions-genai, and its older spellings in the
semantic-conventions package 0.66.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import Record
from ledger.usage.formats import counted, decoding
from ledger.usage.formats.decoding import LONGEST_NAME, Refusal
from ledger.usage.formats.otlp.spans import STATUS_ERROR, USAGE_PREFIX, NoSpan, Span, Value
from ledger.usage.formats.surfaces import Malformed
from ledger.usage.identity import EPOCH

SURFACE: Final = "otel"
SOURCE: Final = "otel"

CONSUMER: Final = ("clearwatt.consumer", "enduser.id", "user.id")
PROJECT: Final = ("clearwatt.project",)
DEPLOYMENT: Final = ("clearwatt.deployment",)
MODEL: Final = ("gen_ai.response.model", "gen_ai.request.model")
PROVIDER: Final = ("gen_ai.provider.name", "gen_ai.system")
REGION: Final = "cloud.region"
ADDRESS: Final = "server.address"
PORT: Final = "server.port"
SERVICE: Final = "service.name"
OPERATION: Final = "gen_ai.operation.name"
ERROR_TYPE: Final = "error.type"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"

KEPT: Final = {
    "operation": OPERATION,
    "request_model": "gen_ai.request.model",
    "response_model": "gen_ai.response.model",
    "response_id": "gen_ai.response.id",
    "conversation_id": "gen_ai.conversation.id",
    "service_tier": "openai.response.service_tier",
    "error_type": ERROR_TYPE,
}
"""Attributes of the span that the event keeps, by the names that it keeps them by."""

NAMES: Final = frozenset(
    {
        *CONSUMER,
        *PROJECT,
        *DEPLOYMENT,
        *MODEL,
        *PROVIDER,
        *KEPT.values(),
        REGION,
        ADDRESS,
        PORT,
        SERVICE,
        FINISH_REASONS,
    }
)
"""Every attribute that is read, beside those of usage."""

INFERENCES: Final = frozenset({"chat", "embeddings", "generate_content", "text_completion"})
ABOVE_INFERENCES: Final = frozenset(
    {"create_agent", "invoke_agent", "invoke_workflow", "execute_tool"}
)
"""Operations whose usage is that of the inferences beneath them, which report it themselves."""

LONGEST_KEPT: Final = 256
USUAL_PORTS: Final = (80, 443)
CANCELLED: Final = re.compile(r"cancel|abort|disconnect|\b499\b", re.IGNORECASE)
ID_DIGITS: Final = re.compile(r"[0-9a-f]+")
TRACE_ID_DIGITS: Final = 32
SPAN_ID_DIGITS: Final = 16
LATEST_NANOSECONDS: Final = 2**64
LARGEST_EXACT: Final = 2**53


class Unfit(Exception):
    """A span cannot be recorded, because of what stands at a place within it."""

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail
        super().__init__(detail)


def record(
    index: int, span: Span | NoSpan, *, source: str, consumer: Sequence[str]
) -> Record | Refusal | None:
    """Return what a span says of usage, why that is none, or None if it says nothing of it."""
    if isinstance(span, NoSpan):
        return decoding.refusal(index, span.pointer, span.detail)
    if not span.has_usage or _text(span.attributes.get(OPERATION)) in ABOVE_INFERENCES:
        return None
    try:
        made = _record(index, span, source=source, consumer=consumer)
    except Unfit as error:
        return decoding.refusal(index, error.pointer, error.detail)
    return decoding.unstorable(made, pointers={}) or made


def _record(index: int, span: Span, *, source: str, consumer: Sequence[str]) -> Record:
    """Return the record of a span with usage.

    :raises Unfit: if it has none.
    """
    operation = _text(span.attributes.get(OPERATION))
    if operation and operation not in INFERENCES:
        raise Unfit(f"attributes/{OPERATION}", f"{operation[:LONGEST_KEPT]!r} {UNKNOWN_OPERATION}")
    if not _is_id(span.trace_id, TRACE_ID_DIGITS) or not _is_id(span.span_id, SPAN_ID_DIGITS):
        raise Unfit("spanId", "with traceId, it is no id, so that the span has no identity")
    found = counted.by_surface(
        surface=SURFACE, vendor=_text(span.first(PROVIDER)), usage=_usage(span)
    )
    if isinstance(found, Malformed):
        raise Unfit(f"attributes{found.pointer}", found.detail)
    made = Record(
        index,
        source or _text(span.resource.get(SERVICE)) or SOURCE,
        f"{span.trace_id}-{span.span_id}",
        _moment(span),
        _text(span.first(consumer)),
        _text(span.first(PROJECT)),
        _deployment(span),
        found.counts,
        _status(span, has_output=bool(found.finding or sum(found.counts[OUTPUT_FROM:]))),
        _attributes(span),
        finding=found.finding,
    )
    for name in ("source", "consumer", "project", "deployment"):
        if len(getattr(made, name)) > LONGEST_NAME:
            raise Unfit(name, f"is longer than {LONGEST_NAME} characters")
    return made


UNKNOWN_OPERATION: Final = (
    f"is no operation that is known here, neither an inference ({', '.join(sorted(INFERENCES))}) "
    f"nor one that sums inferences up ({', '.join(sorted(ABOVE_INFERENCES))})"
)
OUTPUT_FROM: Final = TOKEN_CLASSES.index("output")


def _is_id(text: str, digits: int) -> bool:
    return len(text) == digits and bool(ID_DIGITS.fullmatch(text)) and text.strip("0") != ""


def _moment(span: Span) -> datetime:
    """Return when the tokens had been consumed: the span's end; what is finer than µs is cut."""
    nanoseconds = span.ended_ns or span.started_ns
    if not 0 < nanoseconds < LATEST_NANOSECONDS:
        raise Unfit("endTimeUnixNano", "is no number of nanoseconds since 1970")
    return EPOCH + timedelta(microseconds=nanoseconds // 1_000)


def _usage(span: Span) -> dict[str, Any]:
    """Return the attributes of usage as a usage object; whole floating point numbers as whole."""
    return {
        name: int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT
        else value
        for name, value in span.attributes.items()
        if name.startswith(USAGE_PREFIX)
    }


def _deployment(span: Span) -> str:
    """Return the deployment's own name if there is one, else the model and where it is served.

    The address that was called tells more than the region of whoever called.
    """
    named, model = _text(span.first(DEPLOYMENT)), _text(span.first(MODEL))
    if named or not model:
        return named
    place = _text(span.attributes.get(REGION)) or _address(span)
    place = place or _text(span.resource.get(REGION))
    return f"{model}@{place}" if place else model


def _address(span: Span) -> str:
    address, port = _text(span.attributes.get(ADDRESS)), span.attributes.get(PORT)
    return f"{address}:{_text(port)}" if address and port and port not in USUAL_PORTS else address


def _status(span: Span, *, has_output: bool) -> str:
    """Return how the operation ended, by its error or else by why the model stopped."""
    reasons = span.attributes.get(FINISH_REASONS)
    reasons = [reasons] if isinstance(reasons, str) else reasons
    error = _text(span.attributes.get(ERROR_TYPE))
    if CANCELLED.search(error):
        return "cancelled"
    if error or span.status_code == STATUS_ERROR:
        return "partial" if has_output else "failed"
    if isinstance(reasons, list):
        if any(CANCELLED.search(reason) for reason in reasons):
            return "cancelled"
        if "error" in reasons:
            return "partial" if has_output else "failed"
    return "complete"


def _attributes(span: Span) -> dict[str, Any]:
    texts = {name: span.attributes.get(attribute) for name, attribute in KEPT.items()}
    texts["provider"] = span.first(PROVIDER)
    kept = {name: _text(value)[:LONGEST_KEPT] for name, value in texts.items()}
    return {name: text for name, text in kept.items() if text}


def _text(value: Value) -> str:
    return decoding.mended(value)
