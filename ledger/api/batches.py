"""GET /v1/batches/{id}, /v1/set-aside and /v1/health: what waits before the usage journal."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import answers, examples, pages, parameters, rendering, schema
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView, PublicView
from ledger.rating import reading
from ledger.rating.reading import BatchStatus, Queue, SetAsideLine


class BatchView(LedgerView):
    """A recorded batch."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_batch",
        tags=["usage"],
        summary="Read how far a batch is",
        description="Scope `books:read`, by the provider who posted it. Every event of it is "
        "entered in the usage journal, set aside with a reason, voided before it was entered, or "
        "waiting.",
        parameters=[
            schema.path("batch_id", description="The id from the receipt.", example="77"),
        ],
        responses=schema.answers(
            answers.Batch,
            example=examples.BATCH,
            description="The batch",
            problems=[*schema.KEY_PROBLEMS, "no-such-batch"],
        ),
    )
    def get(self, request: Request, batch_id: int) -> Response:
        """Answer how far the batch is."""
        parameters.only(request)
        return Response(_batch(reading.batch(caller_of(request).viewer, batch_id=batch_id)))


class SetAsideView(LedgerView):
    """Events that are set aside."""

    scope = "books:read"

    @extend_schema(
        operation_id="list_set_aside",
        tags=["usage"],
        summary="List events that are set aside",
        description="Scope `books:read`. A provider's own, the platform's key lists everybody's. "
        "Each leaves the list once what it lacks is published and it is rated.",
        parameters=[
            OpenApiParameter(
                "reason", type=OpenApiTypes.STR, description="Only events with this reason."
            ),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            answers.SetAsidePage,
            example=examples.SET_ASIDE_PAGE,
            description="A page of events",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "reason", "limit", "cursor")
        rows = reading.set_aside(
            caller_of(request).viewer,
            reason=request.query_params.get("reason"),
            after=pages.numbers_after(request, count=2),
            limit=parameters.limit(request) + 1,
        )
        return Response(
            pages.page(request, rows, key=lambda row: (row.batch_id, row.row), render=_set_aside)
        )


class HealthView(PublicView):
    """Whether the ledger works."""

    @extend_schema(
        operation_id="get_health",
        tags=["operation"],
        summary="Ask whether the ledger works",
        description="No key. The database was asked, and the queue is aged: a worker that stands "
        "still shows in `oldest_pending_seconds`.",
        auth=[],
        responses=schema.answers(
            answers.Health,
            example=examples.HEALTH,
            description="It works",
            problems=["database-unavailable"],
        ),
    )
    def get(self, _request: Request) -> Response:
        """Answer how old the queue is."""
        return Response(_health(reading.queue(), now=timezone.now()))


def _batch(batch: BatchStatus) -> dict[str, Any]:
    return {
        "id": str(batch.id),
        "provider": batch.provider,
        "state": batch.state,
        "received_at": rendering.instant(batch.received_at),
        "rated_at": rendering.instant_or_null(batch.rated_at),
        "events": batch.events,
        "entered": batch.entered,
        "set_aside": batch.set_aside,
        "voided": batch.voided,
        "waiting": batch.waiting,
        "reasons": [
            {
                "reason": reason.reason,
                "missing": reason.missing,
                "events": reason.events,
                "oldest": rendering.instant(reason.oldest),
            }
            for reason in batch.reasons
        ],
    }


def _set_aside(line: SetAsideLine) -> dict[str, Any]:
    return {
        "batch": str(line.batch_id),
        "row": line.row,
        "provider": line.provider,
        "source": line.source,
        "event_id": line.event_id,
        "occurred_at": rendering.instant(line.occurred_at),
        "reason": line.reason,
        "missing": line.missing,
        "detail": line.detail,
        "since": rendering.instant(line.since),
        "attempts": line.attempts,
        "retry_at": rendering.instant(line.retry_at),
    }


def _health(queue: Queue, *, now: datetime) -> dict[str, Any]:
    oldest = queue.oldest_received_at
    age = None if oldest is None else max(0, int((now - oldest).total_seconds()))
    return {"status": "ok", "pending_batches": queue.batches, "oldest_pending_seconds": age}
