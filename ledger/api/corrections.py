"""POST /v1/events/{id}/void and /amend, /v1/corrections: what was wrong, and what is right."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Literal

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import tasks
from ledger.api import (
    asked_corrections,
    body,
    correction_answers,
    pages,
    parameters,
    rendering,
    schema,
)
from ledger.api.asked_corrections import Refused
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.errors import LedgerError
from ledger.parties.callers import Caller, SourceNotAllowed
from ledger.rating.corrections import reading
from ledger.rating.corrections.reading import CorrectionLine, Wanted
from ledger.tokens import TOKEN_CLASSES
from ledger.usage import corrections
from ledger.usage.correction_log import Requester
from ledger.usage.corrections import Asked, Outcome
from ledger.usage.formats.decoding import MOST_BYTES

STATES: Final = ("waiting", "applied", "refused")
MOST_BYTES_OF_ONE: Final = 256 * 1024
EVENT_ID: Final = schema.path(
    "event_id", description="The event's id, as it was sent, percent-encoded.", example="evt-4711"
)
PROBLEMS: Final = (
    *schema.POST_PROBLEMS,
    "party-not-allowed",
    "source-not-allowed",
    "unreadable-body",
    "length-required",
    "body-too-large",
    "unsupported-content-type",
    "unsupported-content-encoding",
    "correction-invalid",
)
OF_ONE_PROBLEMS: Final = (
    *PROBLEMS,
    "invalid-parameter",
    "no-such-event",
    "source-not-named",
    "event-no-longer-stands",
    "event-corrected-meanwhile",
)


class _OneView(LedgerView):
    """Correct one event."""

    scope = "events:correct"
    act: ClassVar[Literal["void", "amend"]]

    def _correct(self, request: Request, event_id: str) -> Response:
        """Record the correction, wake a worker, and answer with it: 202, or 200 if it was known."""
        parameters.only(request)
        caller = caller_of(request)
        asked = asked_corrections.one(
            body.read(request, limit=MOST_BYTES_OF_ONE),
            act=self.act,
            event_id=event_id,
            content_type=request.META.get("CONTENT_TYPE", ""),
        )
        (outcome,) = _record(caller, [asked])
        if outcome.refusal is not None:
            raise outcome.refusal
        line = reading.correction(caller.viewer, correction_id=outcome.correction_id or 0)
        code = status.HTTP_202_ACCEPTED if outcome.is_new else status.HTTP_200_OK
        return Response(_rendered(line), status=code)


class VoidView(_OneView):
    """Void an event."""

    act = "void"

    @extend_schema(
        operation_id="void_event",
        tags=["corrections"],
        summary="Void an event",
        description="Scope `events:correct`, by the event's provider. The event stays recorded; "
        "what it cost is taken back by a reversal, on its own day while that is open, else in the "
        "earliest open period. Answered 202 once it is on disk, and applied soon; the same again "
        "is answered 200 with the correction that is there. A void is for good.",
        parameters=[EVENT_ID],
        request={
            "application/json": OpenApiRequest(
                request=asked_corrections.VOID_SCHEMA,
                examples=[
                    OpenApiExample("A void", correction_answers.VOID, request_only=True),
                ],
            )
        },
        responses=correction_answers.of_one(OF_ONE_PROBLEMS),
    )
    def post(self, request: Request, event_id: str) -> Response:
        """Void the event."""
        return self._correct(request, event_id)


class AmendView(_OneView):
    """Amend an event."""

    act = "amend"

    @extend_schema(
        operation_id="amend_event",
        tags=["corrections"],
        summary="Amend an event",
        description="Scope `events:correct`, by the event's provider. States what is right; what "
        "is left out stays, and the time always does. A reversal takes back what the event cost, "
        "and a replacement is priced by the catalogue as it is now, at the event's own time. An "
        "amendment without a price waits, and touches nothing meanwhile.",
        parameters=[EVENT_ID],
        request={
            "application/json": OpenApiRequest(
                request=asked_corrections.AMENDMENT_SCHEMA,
                examples=[
                    OpenApiExample("Other counts", correction_answers.AMENDMENT, request_only=True),
                ],
            )
        },
        responses=correction_answers.of_one(OF_ONE_PROBLEMS),
    )
    def post(self, request: Request, event_id: str) -> Response:
        """Amend the event."""
        return self._correct(request, event_id)


class CorrectionsView(LedgerView):
    """Corrections, many at once."""

    scope = "books:read"
    post_scope = "events:correct"

    @extend_schema(
        operation_id="list_corrections",
        tags=["corrections"],
        summary="List corrections",
        description="Scope `books:read`. Of the caller's events, in the order in which they were "
        "recorded; the platform's key lists everybody's.",
        parameters=[
            OpenApiParameter("state", enum=STATES, description="Only those in this state."),
            OpenApiParameter("event", description="Only those of the event with this id."),
            OpenApiParameter("source", description="Only those of this source's events."),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            correction_answers.CorrectionPage,
            example={"items": [correction_answers.CORRECTION], "next": None},
            description="A page of corrections",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "state", "event", "source", "limit", "cursor")
        wanted = Wanted(
            state=parameters.choice(request, "state", STATES),
            event_id=request.query_params.get("event"),
            source=request.query_params.get("source"),
        )
        rows = reading.corrections(
            caller_of(request).viewer,
            wanted,
            after=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.id,), render=_rendered))

    @extend_schema(
        operation_id="correct_events",
        tags=["corrections"],
        summary="Void and amend many events",
        description="Scope `events:correct`, by the events' provider: the form for a backfill. At "
        "most 10,000 corrections in 16 MiB; one that is refused never spoils the others. `items` "
        "names each with its correction, or with what was wrong.",
        request={
            "application/json": OpenApiRequest(
                request=asked_corrections.LIST_SCHEMA,
                examples=[
                    OpenApiExample("A list", correction_answers.LIST, request_only=True),
                ],
            )
        },
        responses=schema.answers(
            correction_answers.Corrected,
            status=202,
            example=correction_answers.CORRECTED,
            description="What became of the list",
            problems=[*PROBLEMS, "too-many-events", "event-corrected-meanwhile"],
        ),
    )
    def post(self, request: Request) -> Response:
        """Record what is well asked, and answer what became of each item."""
        parameters.only(request)
        caller = caller_of(request)
        asked, refused = asked_corrections.several(
            body.read(request, limit=MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
        )
        outcomes = _record(caller, asked)
        return Response(_answered(outcomes, refused), status=status.HTTP_202_ACCEPTED)


class CorrectionView(LedgerView):
    """A correction."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_correction",
        tags=["corrections"],
        summary="Read a correction",
        description="Scope `books:read`. What was asked, and how far it is: waiting with what it "
        "lacks, applied with its usage entries, or refused with the reason.",
        parameters=[
            schema.path("correction_id", description="The correction's id.", example="12"),
        ],
        responses=schema.answers(
            correction_answers.Correction,
            example=correction_answers.CORRECTION,
            description="The correction",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "no-such-correction"],
        ),
    )
    def get(self, request: Request, correction_id: int) -> Response:
        """Answer the correction."""
        parameters.only(request)
        line = reading.correction(caller_of(request).viewer, correction_id=correction_id)
        return Response(_rendered(line))


def _record(caller: Caller, asked: Sequence[Asked]) -> list[Outcome]:
    """Record what the key may correct, and wake a worker."""
    allowed: list[Asked] = []
    outcomes: list[Outcome] = []
    for one in asked:
        named = replace(one, source=one.source or caller.only_source)
        if caller.sources is not None and not caller.may_post(named.source or ""):
            refusal = SourceNotAllowed(named.source or "")
            outcomes.append(Outcome(one.index, None, is_new=False, refusal=refusal))
        else:
            allowed.append(named)
    if allowed:
        outcomes += corrections.record(
            provider_id=caller.party_id,
            asked=allowed,
            by=Requester(key_id=caller.key_id),
            now=timezone.now(),
        )
        tasks.wake_corrections()
    return sorted(outcomes, key=lambda outcome: outcome.index)


def _answered(outcomes: Sequence[Outcome], refused: Sequence[Refused]) -> dict[str, Any]:
    items = [
        *(_item(one.index, one.correction_id, one.refusal, is_new=one.is_new) for one in outcomes),
        *(_item(one.index, None, one.refusal, is_new=False) for one in refused),
    ]
    items.sort(key=lambda item: item["index"])
    counted = {
        name: sum(item["status"] == name for item in items)
        for name in ("recorded", "known", "refused")
    }
    return {**counted, "items": items}


def _item(
    index: int, correction_id: int | None, refusal: LedgerError | None, *, is_new: bool
) -> dict[str, Any]:
    if refusal is not None:
        return {
            "index": index,
            "status": "refused",
            "correction": None,
            "code": refusal.problem,
            "detail": str(refusal),
        }
    return {
        "index": index,
        "status": "recorded" if is_new else "known",
        "correction": rendering.id_or_null(correction_id),
        "code": "",
        "detail": "",
    }


def _rendered(line: CorrectionLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "provider": line.provider,
        "source": line.source,
        "event": line.event_id,
        "number": line.number,
        "act": line.act,
        "state": line.state,
        "reason": line.reason,
        "stated": {
            "subject": line.consumer,
            "project": line.project,
            "deployment": line.deployment,
            "status": line.status,
            "usage": line.counts and dict(zip(TOKEN_CLASSES, line.counts, strict=True)),
            "attributes": line.attributes_json and json.loads(line.attributes_json),
            "said": line.said_json and json.loads(line.said_json),
        },
        "superseded_by": line.superseded_by,
        "recorded_at": rendering.instant(line.recorded_at),
        "decided_at": rendering.instant_or_null(line.decided_at),
        "outcome": line.outcome,
        "waits_for": {"reason": line.lack, "missing": line.missing, "detail": line.detail}
        if line.state == "waiting"
        else None,
        "usage_entries": dict(line.entries),
    }
