"""/v1/publications and /v1/proposals: what enters the catalogue, and who decides on it."""

from typing import Any, Final

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import tasks
from ledger.api import (
    body,
    pages,
    parameters,
    publishing_answers,
    publishing_examples,
    rendering,
    schema,
)
from ledger.api.authentication import platform_user_of
from ledger.api.base import LedgerView
from ledger.pricing import catalogue
from ledger.pricing.models import Proposal, Publication
from ledger.pricing.publishing import proposals, reading
from ledger.usage.formats import decoding

MOST_BYTES: Final = 16 * 1024 * 1024
MEDIA_TYPE: Final = "application/json"
STATES: Final = ("open", "published", "refused")
OPERATOR_PROBLEMS: Final = ("party-not-allowed", "key-without-user")
PROPOSAL_ID: Final = schema.path("proposal_id", description="The proposal's id.", example="7")
BY_PLATFORM: Final = "by a key of the platform that was issued for a person"


class PublicationsView(LedgerView):
    """The catalogue's publications."""

    scope = "catalogue:write"

    @extend_schema(
        operation_id="list_publications",
        tags=["catalogue"],
        summary="List publications",
        description=f"Scope `catalogue:write`, {BY_PLATFORM}. Newest first.",
        parameters=[schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            publishing_answers.PublicationPage,
            example=publishing_examples.PUBLICATION_PAGE,
            description="A page of publications",
            problems=[
                *(*schema.KEY_PROBLEMS, *OPERATOR_PROBLEMS),
                *("invalid-parameter", "invalid-cursor"),
            ],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "limit", "cursor")
        platform_user_of(request)
        rows = reading.publications(
            before=pages.number_after(request), limit=parameters.limit(request) + 1
        )
        return Response(pages.page(request, rows, key=lambda row: (row.pk,), render=_publication))

    @extend_schema(
        operation_id="publish",
        tags=["catalogue"],
        summary="Publish a catalogue document",
        description=f"Scope `catalogue:write`, {BY_PLATFORM}. All of a document or none; "
        "what is published already is passed over. What gives a price where there was none goes in "
        "at once (201). A document that moves prices that are in force becomes a proposal (202), "
        "which another person approves. `dry_run` shows what would change (200).",
        parameters=[
            OpenApiParameter(
                "dry_run", type=OpenApiTypes.BOOL, description="Only say what it would do."
            ),
            OpenApiParameter("note", description="Why; kept with the publication."),
        ],
        request={
            MEDIA_TYPE: OpenApiRequest(
                request={"type": "object", "additionalProperties": {"type": "array"}},
                examples=[
                    OpenApiExample(
                        "A margin from November on",
                        publishing_examples.DOCUMENT,
                        request_only=True,
                    ),
                ],
            )
        },
        responses={
            **schema.answers(
                publishing_answers.Submitted,
                example=publishing_examples.SUBMITTED | {"outcome": "would_propose"},
                description="Nothing was published",
                problems=[
                    *(*schema.POST_PROBLEMS, *OPERATOR_PROBLEMS, "invalid-parameter"),
                    *("unreadable-body", "length-required", "body-too-large"),
                    *("unsupported-content-type", "unsupported-content-encoding"),
                    "document-invalid",
                ],
            ),
            **schema.answers(
                publishing_answers.Submitted,
                example=publishing_examples.SUBMITTED
                | {"outcome": "published", "publication": "3", "proposal": None, "effects": []},
                description="It is published",
                status=201,
            ),
            **schema.answers(
                publishing_answers.Submitted,
                example=publishing_examples.SUBMITTED,
                description="It waits for another person",
                status=202,
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Publish or propose, or only say what would happen."""
        parameters.only(request, "dry_run", "note")
        user = platform_user_of(request)
        document = _document(request)
        if parameters.flag(request, "dry_run"):
            seen = proposals.preview(document, now=timezone.now())
            return Response(_submitted(seen.outcome, proposals.Submitted(None, None, seen)))
        done = proposals.submit(
            document, user=user, note=request.query_params.get("note", ""), now=timezone.now()
        )
        if done.publication_id is not None:
            tasks.wake_set_aside()
        return Response(_submitted(done.outcome, done), status=STATUS[done.outcome])


STATUS: Final = {"published": 201, "proposed": 202, "nothing_new": 200}


class ProposalsView(LedgerView):
    """Documents that wait for a second person, and those that were decided on."""

    scope = "catalogue:write"

    @extend_schema(
        operation_id="list_proposals",
        tags=["catalogue"],
        summary="List proposals",
        description=f"Scope `catalogue:write`, {BY_PLATFORM}. Newest first.",
        parameters=[
            OpenApiParameter("state", enum=STATES, description="Only those in this state."),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            publishing_answers.ProposalPage,
            example=publishing_examples.PROPOSAL_PAGE,
            description="A page of proposals",
            problems=[
                *(*schema.KEY_PROBLEMS, *OPERATOR_PROBLEMS),
                *("invalid-parameter", "invalid-cursor"),
            ],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "state", "limit", "cursor")
        platform_user_of(request)
        rows = reading.proposals(
            state=parameters.choice(request, "state", STATES),
            before=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.pk,), render=_proposal))


class ProposalView(LedgerView):
    """A proposal."""

    scope = "catalogue:write"

    @extend_schema(
        operation_id="get_proposal",
        tags=["catalogue"],
        summary="Read a proposal",
        description=f"Scope `catalogue:write`, {BY_PLATFORM}. With its document, field by field "
        "what it changes, and what that does to the prices of a day.",
        parameters=[PROPOSAL_ID],
        responses=schema.answers(
            publishing_answers.ProposalDetail,
            example=publishing_examples.PROPOSAL_DETAIL,
            description="The proposal",
            problems=[*schema.KEY_PROBLEMS, *OPERATOR_PROBLEMS, "no-such-proposal"],
        ),
    )
    def get(self, request: Request, proposal_id: int) -> Response:
        """Answer the proposal."""
        parameters.only(request)
        platform_user_of(request)
        return Response(_detail(reading.proposal(proposal_id)))


class ApproveProposalView(LedgerView):
    """The approval of a proposal."""

    scope = "catalogue:approve"

    @extend_schema(
        operation_id="approve_proposal",
        tags=["catalogue"],
        summary="Approve a proposal",
        description=f"Scope `catalogue:approve`, {BY_PLATFORM}, other than who proposed it. "
        "Takes no body. The document is published, or nothing is: if the catalogue changed so that "
        "it would do something else, it is to be proposed again.",
        parameters=[PROPOSAL_ID],
        request=None,
        responses=schema.answers(
            publishing_answers.ProposalDetail,
            example=publishing_examples.DECIDED,
            description="The proposal, published",
            problems=[
                *(*schema.POST_PROBLEMS, *OPERATOR_PROBLEMS, "no-such-proposal"),
                *("proposal-not-open", "proposal-outdated", "proposer-approves"),
                "document-invalid",
            ],
        ),
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Publish on behalf of the key's person."""
        user = platform_user_of(request)
        done = proposals.approve(proposal_id=proposal_id, user=user, now=timezone.now())
        tasks.wake_set_aside()
        return Response(_detail(done))


class RefuseProposalView(LedgerView):
    """The refusal of a proposal."""

    scope = "catalogue:write"

    @extend_schema(
        operation_id="refuse_proposal",
        tags=["catalogue"],
        summary="Refuse a proposal",
        description=f"Scope `catalogue:write`, {BY_PLATFORM}: one's own or another's. Takes no "
        "body.",
        parameters=[PROPOSAL_ID],
        request=None,
        responses=schema.answers(
            publishing_answers.ProposalDetail,
            example=publishing_examples.DECIDED | {"state": "refused", "publication": None},
            description="The proposal, refused",
            problems=[
                *(*schema.POST_PROBLEMS, *OPERATOR_PROBLEMS),
                *("no-such-proposal", "proposal-not-open"),
            ],
        ),
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Refuse on behalf of the key's person."""
        user = platform_user_of(request)
        return Response(
            _detail(proposals.refuse(proposal_id=proposal_id, user=user, now=timezone.now()))
        )


def _document(request: Request) -> dict[str, Any]:
    """Return the document that was sent.

    :raises UnsupportedContentType: if it is not JSON.
    :raises DocumentInvalid: if it does not parse, or is not a mapping of sections.
    """
    decoding.media_type(request.META.get("CONTENT_TYPE", ""), accepted=[MEDIA_TYPE])
    return catalogue.document_from_json(body.read(request, limit=MOST_BYTES))


def _submitted(outcome: str, done: proposals.Submitted) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "publication": rendering.id_or_null(done.publication_id),
        "proposal": rendering.id_or_null(done.proposal_id),
        "changes": [change.as_data() for change in done.preview.changes],
        "effects": [effect.as_data() for effect in done.preview.effects],
    }


def _publication(publication: Publication) -> dict[str, Any]:
    return {
        "id": str(publication.pk),
        "published_at": rendering.instant(publication.published_at),
        "published_by": publication.published_by,
        "note": publication.note,
        "document_sha256": publication.document_sha256,
        "provides": publication.provides,
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": str(proposal.pk),
        "state": proposal.state,
        "note": proposal.note,
        "document_sha256": proposal.document_sha256,
        "proposed_at": rendering.instant(proposal.proposed_at),
        "proposed_by": proposal.proposed_by.get_username(),
        "decided_at": rendering.instant_or_null(proposal.decided_at),
        "decided_by": proposal.decided_by and proposal.decided_by.get_username(),
        "publication": rendering.id_or_null(proposal.publication_id),
    }


def _detail(proposal: Proposal) -> dict[str, Any]:
    return {
        **_proposal(proposal),
        "document": proposal.document,
        "changes": proposal.changes,
        "effects": proposal.effects,
    }
