"""GET /v1/sources and below: what sends usage, and what its names stand for."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import tasks
from ledger.api import (
    body,
    examples,
    pages,
    parameters,
    rendering,
    schema,
    source_answers,
    wanted_names,
)
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.parties import sources
from ledger.parties.sources import SourceLine
from ledger.pricing import mapping, name_lists
from ledger.pricing.mapping import Decided
from ledger.pricing.name_lists import Asked, NameLine
from ledger.rating import unmapped
from ledger.rating.unmapped import Unmapped, UnmappedKey

SOURCE_ID = schema.path("source_id", description="The id, as the list shows it.", example="3")
KINDS = ("consumer", "deployment")


class SourcesView(LedgerView):
    """The sources of the caller."""

    scope = "books:read"

    @extend_schema(
        operation_id="list_sources",
        tags=["sources"],
        summary="List sources",
        description="Scope `books:read`. A provider's own, the platform's key lists everybody's. A "
        "source makes itself known by its first event.",
        parameters=[schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            source_answers.SourcePage,
            example=examples.SOURCE_PAGE,
            description="A page of sources",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "limit", "cursor")
        rows = sources.sources(
            caller_of(request).viewer,
            after=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.id,), render=_source))


class UnmappedView(LedgerView):
    """Names that stand for nothing."""

    scope = "books:read"

    @extend_schema(
        operation_id="list_unmapped_names",
        tags=["sources"],
        summary="List names that stand for nothing",
        description="Scope `books:read`. The words of your sources that are neither mapped nor "
        "codes themselves, with how many events wait for each. An event that lacks both is counted "
        "under its deployment.",
        parameters=[schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            source_answers.UnmappedPage,
            example=examples.UNMAPPED_PAGE,
            description="A page of names",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "limit", "cursor")
        rows = unmapped.unmapped(
            caller_of(request).viewer,
            after=_unmapped_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(
            pages.page(request, rows, key=lambda row: _joined(row.key), render=_unmapped)
        )


class NamesView(LedgerView):
    """What the names of a source stand for."""

    scope = "books:read"
    post_scope = "names:write"

    @extend_schema(
        operation_id="list_names",
        tags=["sources"],
        summary="List what a source's names stand for",
        description="Scope `books:read`. The mappings that are in force now, those for every "
        "source of the provider included. With `history` every one that was ever published, the "
        "withdrawn and the coming ones too.",
        parameters=[
            SOURCE_ID,
            OpenApiParameter("history", type=OpenApiTypes.BOOL, description="All of them."),
            OpenApiParameter("kind", enum=KINDS, description="Only names of this kind."),
            OpenApiParameter("name", description="Only this name, as the source writes it."),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            source_answers.NamePage,
            example=examples.NAME_PAGE,
            description="A page of mappings",
            problems=[
                *schema.KEY_PROBLEMS,
                "invalid-parameter",
                "invalid-cursor",
                "no-such-source",
            ],
        ),
    )
    def get(self, request: Request, source_id: int) -> Response:
        """Answer a page."""
        parameters.only(request, "history", "kind", "name", "limit", "cursor")
        asked = Asked(
            at=timezone.now(),
            history=parameters.flag(request, "history"),
            kind=parameters.choice(request, "kind", KINDS),
            name=request.query_params.get("name"),
        )
        rows = name_lists.names(
            sources.source(caller_of(request).viewer, source_id=source_id),
            asked,
            after=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.id,), render=_name))

    @extend_schema(
        operation_id="map_names",
        tags=["sources"],
        summary="Say what a source's names stand for",
        description="Scope `names:write`, by the source's provider or the platform. At most 1,000 "
        "mappings, all published or none; one that holds already is passed over, so a retry "
        "publishes nothing twice. What is booked stays as it was booked; what waits for a name is "
        "rated. A provider maps to consumers with whom it has an agreement.",
        parameters=[SOURCE_ID],
        request={
            "application/json": OpenApiRequest(
                request=wanted_names.SCHEMA,
                examples=[
                    OpenApiExample("Mappings", examples.WANTED_NAMES, request_only=True),
                ],
            )
        },
        responses=schema.answers(
            source_answers.EditedNames,
            example=examples.EDITED_NAMES,
            description="What became of the list",
            problems=[
                *schema.POST_PROBLEMS,
                "source-not-allowed",
                "no-such-source",
                "unreadable-body",
                "length-required",
                "body-too-large",
                "unsupported-content-type",
                "unsupported-content-encoding",
                "names-invalid",
            ],
        ),
    )
    def post(self, request: Request, source_id: int) -> Response:
        """Publish what is new, and have tried again what waits for it."""
        caller = caller_of(request)
        source = sources.source(caller.viewer, source_id=source_id)
        caller.check_source(source.uri)
        edited = mapping.map_names(
            wanted_names.read(
                body.read(request, limit=wanted_names.MOST_BYTES),
                content_type=request.META.get("CONTENT_TYPE", ""),
            ),
            source=source,
            any_consumer=caller.is_platform,
            any_source=caller.sources is None,
            now=timezone.now(),
            published_by=f"{caller.party_code}, key {caller.key_id}",
        )
        tasks.wake_set_aside()
        return Response(
            {
                "publication": rendering.id_or_null(edited.publication_id),
                "added": sum(one.added for one in edited.names),
                "names": [_decided(one) for one in edited.names],
            }
        )


def _unmapped_after(request: Request) -> UnmappedKey | None:
    """Return the place behind the cursor, None on the first page.

    :raises InvalidCursor: if it holds something else.
    """
    text = pages.text_after(request)
    if text is None:
        return None
    number, _, rest = text.partition("/")
    kind, mark, name = rest.partition("/")
    if not mark or not number.isascii() or not number.isdigit() or kind not in KINDS:
        raise pages.InvalidCursor
    return UnmappedKey(int(number), kind, name)


def _joined(key: UnmappedKey) -> str:
    return f"{key.source_id}/{key.kind}/{key.name}"


def _source(source: SourceLine) -> dict[str, Any]:
    return {
        "id": str(source.id),
        "uri": source.uri,
        "provider": source.provider,
        "accepts_from": rendering.instant(source.accepts_from),
        "first_seen_at": rendering.instant(source.first_seen_at),
    }


def _unmapped(name: Unmapped) -> dict[str, Any]:
    return {
        "source": str(name.source_id),
        "uri": name.source,
        "provider": name.provider,
        "kind": name.kind,
        "name": name.name,
        "events": name.events,
        "first_at": rendering.instant(name.first_at),
        "last_at": rendering.instant(name.last_at),
        "since": rendering.instant(name.since),
    }


def _name(name: NameLine) -> dict[str, Any]:
    return {
        "id": str(name.id),
        "kind": name.kind,
        "name": name.name,
        "target": name.target,
        "project": name.project,
        "every_source": name.every_source,
        "valid_from": rendering.instant(name.valid_from),
        "revision": name.revision,
        "publication": str(name.publication_id),
        "published_at": rendering.instant(name.published_at),
    }


def _decided(decided: Decided) -> dict[str, Any]:
    wanted = decided.wanted
    return {
        "kind": wanted.kind,
        "name": wanted.name,
        "target": wanted.target,
        "project": wanted.project,
        "every_source": wanted.every_source,
        "valid_from": rendering.instant(decided.valid_from),
        "status": "added" if decided.added else "unchanged",
    }
