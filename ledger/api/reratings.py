"""/v1/reratings: what a corrected catalogue changes of usage that is booked, and its approval."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import tasks
from ledger.api import (
    body,
    pages,
    parameters,
    rendering,
    rerating_answers,
    schema,
    wanted_rerating,
)
from ledger.api.authentication import caller_of, platform_user_of
from ledger.api.base import LedgerView
from ledger.quantities import MICROJOULES_PER_JOULE, NANOGRAMS_PER_GRAM, PICO_PER_UNIT
from ledger.rating.rerating import approvals, preview, reading
from ledger.rating.rerating.models import Rerating
from ledger.rating.rerating.reading import ReratingLine

BODY_PROBLEMS: Final = (
    *("unreadable-body", "length-required", "body-too-large"),
    *("unsupported-content-type", "unsupported-content-encoding", "rerating-scope-invalid"),
)
PERSON_PROBLEMS: Final = (
    *schema.POST_PROBLEMS,
    *("invalid-parameter", "party-not-allowed", "key-without-user"),
)
RERATING_ID: Final = schema.path("rerating_id", description="The re-rating's id.", example="4")
SHOWN: Final = {
    "price": ("price", PICO_PER_UNIT),
    "fee_provider": ("fee_provider", PICO_PER_UNIT),
    "fee_consumer": ("fee_consumer", PICO_PER_UNIT),
    "energy_joules": ("energy_microjoules", MICROJOULES_PER_JOULE),
    "co2_location_grams": ("co2_location_nanograms", NANOGRAMS_PER_GRAM),
    "co2_market_grams": ("co2_market_nanograms", NANOGRAMS_PER_GRAM),
}
"""By its name in answers: a sum's name in a dry run, and how many of its sub-units make one."""


class ReratingsView(LedgerView):
    """Runs of re-rating."""

    scope = "books:read"
    post_scope = "reratings:propose"

    @extend_schema(
        operation_id="list_reratings",
        tags=["reratings"],
        summary="List re-ratings",
        description="Scope `books:read`. Newest first. They are the platform's affair: the list "
        "of another party is empty.",
        parameters=[
            OpenApiParameter(
                "state", enum=rerating_answers.STATES, description="Only those in this state."
            ),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            rerating_answers.ReratingPage,
            example={"items": [rerating_answers.RERATING], "next": None},
            description="A page of re-ratings",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "state", "limit", "cursor")
        rows = reading.reratings(
            caller_of(request).viewer,
            state=parameters.choice(request, "state", rerating_answers.STATES),
            before=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.id,), render=_line))

    @extend_schema(
        operation_id="propose_rerating",
        tags=["reratings"],
        summary="Propose a re-rating",
        description="Scope `reratings:propose`, by a key of the platform that was issued for a "
        "person. Records what pricing the usage again by the catalogue as it stands would change; "
        "another person approves it, and then it is applied: each usage entry that would be "
        "priced otherwise is taken back and replaced, on its own day while that is open, else in "
        "the earliest open period.",
        request={
            "application/json": OpenApiRequest(
                request=wanted_rerating.PROPOSAL_SCHEMA,
                examples=[
                    OpenApiExample("A month", rerating_answers.PROPOSAL, request_only=True),
                ],
            )
        },
        responses=schema.answers(
            rerating_answers.ReratingDetail,
            status=201,
            example=rerating_answers.PROPOSED,
            description="The re-rating, proposed",
            problems=[*PERSON_PROBLEMS, *BODY_PROBLEMS, "nothing-to-rerate"],
        ),
    )
    def post(self, request: Request) -> Response:
        """Propose in the name of the key's person."""
        parameters.only(request)
        user = platform_user_of(request)
        scope, reason = wanted_rerating.proposal(
            body.read(request, limit=wanted_rerating.MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
        )
        run = approvals.propose(scope, reason=reason, user=user, now=timezone.now())
        return Response(_detail(request, run.pk), status=status.HTTP_201_CREATED)


class PreviewView(LedgerView):
    """The dry run."""

    scope = "reratings:propose"

    @extend_schema(
        operation_id="preview_rerating",
        tags=["reratings"],
        summary="See what a re-rating would change",
        description="Scope `reratings:propose`, by a key of the platform that was issued for a "
        "person. By consumer, provider, day and currency: how many usage entries, and what they "
        "come to before and after. Books nothing.",
        request={
            "application/json": OpenApiRequest(
                request=wanted_rerating.SCHEMA,
                examples=[OpenApiExample("A month", rerating_answers.WANTED, request_only=True)],
            )
        },
        responses=schema.answers(
            rerating_answers.ReratingPreview,
            example=rerating_answers.PREVIEW,
            description="What would change",
            problems=[*PERSON_PROBLEMS, *BODY_PROBLEMS],
        ),
    )
    def post(self, request: Request) -> Response:
        """Answer what would change."""
        parameters.only(request)
        platform_user_of(request)
        scope = wanted_rerating.wanted(
            body.read(request, limit=wanted_rerating.MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
        )
        found = preview.of(scope, now=timezone.now())
        return Response(_preview(found.document, found.revision, found.digest))


class ReratingView(LedgerView):
    """A run."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_rerating",
        tags=["reratings"],
        summary="Read a re-rating",
        description="Scope `books:read`, by the platform's key. How far it is, and what its dry "
        "run showed.",
        parameters=[RERATING_ID],
        responses=schema.answers(
            rerating_answers.ReratingDetail,
            example=rerating_answers.DETAIL,
            description="The re-rating",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "no-such-rerating"],
        ),
    )
    def get(self, request: Request, rerating_id: int) -> Response:
        """Answer the run."""
        parameters.only(request)
        return Response(_detail(request, rerating_id))


class _DecisionView(LedgerView):
    """What a person decides of a run."""

    decide: ClassVar[Callable[..., Rerating]]

    def _decided(self, request: Request, rerating_id: int) -> Response:
        """Decide in the name of the key's person, wake a worker, and answer the run."""
        parameters.only(request)
        user: AbstractUser = platform_user_of(request)
        type(self).decide(rerating_id, user=user, now=timezone.now())
        tasks.wake_reratings()
        return Response(_detail(request, rerating_id))


class ApproveView(_DecisionView):
    """The approval of a run."""

    scope = "reratings:approve"
    decide = staticmethod(approvals.approve)

    @extend_schema(
        operation_id="approve_rerating",
        tags=["reratings"],
        summary="Approve a re-rating",
        description="Scope `reratings:approve`, by a key of the platform that was issued for a "
        "person, other than the one who proposed it. Takes no body. It is applied soon, if it "
        "would still do what was proposed.",
        parameters=[RERATING_ID],
        request=None,
        responses=schema.answers(
            rerating_answers.ReratingDetail,
            example=rerating_answers.DETAIL,
            description="The re-rating, approved",
            problems=[
                *PERSON_PROBLEMS,
                *("no-such-rerating", "rerating-not-open", "rerating-stale"),
                "rerating-approver-proposed",
            ],
        ),
    )
    def post(self, request: Request, rerating_id: int) -> Response:
        """Approve."""
        return self._decided(request, rerating_id)


class WithdrawView(_DecisionView):
    """The withdrawal of a run."""

    scope = "reratings:propose"
    decide = staticmethod(approvals.withdraw)

    @extend_schema(
        operation_id="withdraw_rerating",
        tags=["reratings"],
        summary="Withdraw a re-rating",
        description="Scope `reratings:propose`, by a key of the platform that was issued for a "
        "person. Takes no body. Possible until it begins.",
        parameters=[RERATING_ID],
        request=None,
        responses=schema.answers(
            rerating_answers.ReratingDetail,
            example=rerating_answers.DETAIL,
            description="The re-rating, withdrawn",
            problems=[*PERSON_PROBLEMS, "no-such-rerating", "rerating-not-open"],
        ),
    )
    def post(self, request: Request, rerating_id: int) -> Response:
        """Withdraw."""
        return self._decided(request, rerating_id)


def _detail(request: Request, rerating_id: int) -> dict[str, Any]:
    found = reading.rerating(caller_of(request).viewer, rerating_id=rerating_id)
    shown = _preview(found.preview, found.line.revision, found.digest)
    return {**_line(found.line), "preview": shown}


def _line(line: ReratingLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "state": line.state,
        "reason": line.reason,
        "scope": {
            "starts_at": rendering.instant(line.starts_at),
            "ends_at": rendering.instant(line.ends_at),
            "provider": line.provider,
            "consumer": line.consumer,
            "deployment": line.deployment,
        },
        "revision": str(line.revision),
        "applied_revision": rendering.id_or_null(line.applied_revision),
        "proposed_entries": line.proposed_entries,
        "taken_back": line.taken_back,
        "left_alone": line.left_alone,
        "until": rendering.instant_or_null(line.until_at),
        "asked_by": line.asked_by,
        "asked_at": rendering.instant(line.asked_at),
        "approved_by": line.approved_by,
        "approved_at": rendering.instant_or_null(line.approved_at),
        "begun_at": rendering.instant_or_null(line.begun_at),
        "ended_at": rendering.instant_or_null(line.ended_at),
        "outcome": line.outcome,
    }


def _preview(document: Mapping[str, Any], revision: int, digest: bytes) -> dict[str, Any]:
    return {
        "revision": str(revision),
        "digest": digest.hex(),
        **{name: document[name] for name in ("entries", "standing", "renamed", "archived")},
        "lacks": document["lacks"],
        "differences": [_difference(line) for line in document["lines"]],
    }


def _difference(line: Mapping[str, Any]) -> dict[str, Any]:
    before = {name: int(value) for name, value in line["before"].items()}
    after = {name: int(value) for name, value in line["after"].items()}
    return {
        **{name: line[name] for name in ("consumer", "provider", "day", "currency")},
        "entries": line["entries"],
        "tokens": line["tokens"],
        "before": _sums(before),
        "after": _sums(after),
        "difference": _sums({name: after[name] - before[name] for name in before}),
    }


def _sums(amounts: Mapping[str, int]) -> dict[str, str]:
    return {
        shown: rendering.sub_units(amounts[name], per_unit=per_unit)
        for shown, (name, per_unit) in SHOWN.items()
    }
