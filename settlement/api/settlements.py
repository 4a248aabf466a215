"""GET /v1/settlements and below, POST /v1/settlements/{id}/approve: who owes whom what."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import pages, parameters, rendering, schema
from ledger.api.authentication import caller_of, platform_user_of
from ledger.api.base import LedgerView
from settlement.api import answers, examples
from settlement.clearing import approvals
from settlement.statements import reading
from settlement.statements.reading import (
    NettingLine,
    PositionLine,
    SettlementDetail,
    SettlementLine,
)

SETTLEMENT_ID = schema.path("settlement_id", description="The settlement's id.", example="3")


class SettlementsView(LedgerView):
    """The settlements that the caller is in."""

    scope = "settlements:read"

    @extend_schema(
        operation_id="list_settlements",
        tags=["settlement"],
        summary="List settlements",
        description="Scope `settlements:read`. Newest first. A party sees the approved ones that "
        "it is in; the platform's key lists all of them, calculated and void ones too.",
        parameters=[schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            answers.SettlementPage,
            example=examples.SETTLEMENT_PAGE,
            description="A page of settlements",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "limit", "cursor")
        rows = reading.settlements(
            caller_of(request).viewer,
            before=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.id,), render=_settlement))


class SettlementView(LedgerView):
    """A settlement."""

    scope = "settlements:read"

    @extend_schema(
        operation_id="get_settlement",
        tags=["settlement"],
        summary="Read a settlement",
        description="Scope `settlements:read`. Shows your positions and, of each, your side.",
        parameters=[SETTLEMENT_ID],
        responses=schema.answers(
            answers.SettlementDetail,
            example=examples.SETTLEMENT_DETAIL,
            description="The settlement",
            problems=schema.KEY_PROBLEMS,
            more_problems=examples.NOT_THERE,
        ),
    )
    def get(self, request: Request, settlement_id: int) -> Response:
        """Answer the settlement."""
        parameters.only(request)
        viewer = caller_of(request).viewer
        return Response(_detail(reading.settlement(viewer, settlement_id=settlement_id)))


class ApproveView(LedgerView):
    """The approval of a settlement."""

    scope = "settlements:approve"

    @extend_schema(
        operation_id="approve_settlement",
        tags=["settlement"],
        summary="Approve a settlement",
        description="Scope `settlements:approve`, by a key of the platform that was issued for a "
        "person, other than the one who calculated it. Takes no body. The settlement's entries "
        "are posted, or nothing is: if the books changed since, it is to be calculated again.",
        parameters=[SETTLEMENT_ID],
        request=None,
        responses=schema.answers(
            answers.SettlementDetail,
            example=examples.SETTLEMENT_DETAIL,
            description="The settlement, approved",
            problems=[*schema.POST_PROBLEMS, "party-not-allowed", "key-without-user"],
            more_problems=examples.NOT_APPROVED,
        ),
    )
    def post(self, request: Request, settlement_id: int) -> Response:
        """Approve on behalf of the key's person, and answer the settlement as it then is."""
        user = platform_user_of(request)
        approvals.approve(settlement_id=settlement_id, user=user, now=timezone.now())
        viewer = caller_of(request).viewer
        return Response(_detail(reading.settlement(viewer, settlement_id=settlement_id)))


def _settlement(line: SettlementLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "starts_on": line.starts_on.isoformat(),
        "ends_on": line.ends_on.isoformat(),
        "currency": line.currency,
        "state": line.state,
        "input_hash": line.input_hash,
        "calculated_at": rendering.instant(line.calculated_at),
        "made_by": line.made_by,
        "approved_at": rendering.instant_or_null(line.approved_at),
        "approved_by": line.approved_by,
    }


def _detail(detail: SettlementDetail) -> dict[str, Any]:
    return {
        **_settlement(detail.settlement),
        "positions": [_position(position) for position in detail.positions],
        "nettings": [_netting(netting) for netting in detail.nettings],
    }


def _position(position: PositionLine) -> dict[str, Any]:
    return {
        "agreement": position.agreement,
        "provider": position.provider,
        "consumer": position.consumer,
        "price": rendering.amount(position.price),
        "consumer_side": _side(
            carried=position.carried_consumer,
            fee=position.fee_consumer,
            due=position.consumer_due,
            residue=position.consumer_residue,
        ),
        "provider_side": _side(
            carried=position.carried_provider,
            fee=position.fee_provider,
            due=position.provider_due,
            residue=position.provider_residue,
        ),
        "platform_side": _side(fee=position.platform_fee, rounding=position.rounding),
        "entry": rendering.id_or_null(position.journal_entry_id),
    }


def _side(**amounts: Decimal | None) -> dict[str, str] | None:
    """Return the amounts of a side, or None where the viewer has no business."""
    known = {name: rendering.amount(each) for name, each in amounts.items() if each is not None}
    return known if len(known) == len(amounts) else None


def _netting(netting: NettingLine) -> dict[str, Any]:
    return {
        "party_a": netting.party_a,
        "party_b": netting.party_b,
        "amount": rendering.amount(netting.amount),
        "entry": rendering.id_or_null(netting.journal_entry_id),
    }
