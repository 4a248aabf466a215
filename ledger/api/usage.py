"""GET /v1/usage-entries/{id}, its /explain, and /v1/entries/{id}/usage: the usage journal."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import (
    answers,
    derivation_answers,
    examples,
    explanation_example,
    pages,
    parameters,
    quote_rendering,
    rendering,
    schema,
)
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.quantities import (
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    NANOSECONDS_PER_SECOND,
    PICO_PER_UNIT,
)
from ledger.rating import reading
from ledger.rating.derivations import Derivation
from ledger.rating.explanation import UNITS, Line, Reported
from ledger.rating.identity import public_id
from ledger.rating.reading import Cost, Explained, UsageLine
from ledger.rating.reasons import Reason
from ledger.rating.rerating.reading import Rerated
from ledger.rating.written import Understood
from ledger.tokens import TOKEN_CLASSES

USAGE_ENTRY_ID = schema.path(
    "usage_entry_id",
    description="The id of the usage entry, as lists show it.",
    example="202610-4711",
)


class EntryUsageView(LedgerView):
    """The usage entries behind a journal entry."""

    scope = "books:read"

    @extend_schema(
        operation_id="list_usage_of_entry",
        tags=["usage"],
        summary="List the usage entries of a journal entry",
        description="Scope `books:read`. They add up to the entry's postings, per commodity, "
        "exactly. Their order never changes.",
        parameters=[
            schema.path("entry_id", description="The entry's id.", example="1024"),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            answers.UsageEntryPage,
            example=examples.USAGE_ENTRY_PAGE,
            description="A page of usage entries",
            problems=[
                *schema.KEY_PROBLEMS,
                "invalid-parameter",
                "invalid-cursor",
                "no-such-entry",
                "month-archived",
            ],
        ),
    )
    def get(self, request: Request, entry_id: int) -> Response:
        """Answer a page."""
        parameters.only(request, "limit", "cursor")
        rows = reading.usage_of_entry(
            caller_of(request).viewer,
            entry_id=entry_id,
            after=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.id,), render=_usage_entry))


class UsageEntryView(LedgerView):
    """A usage entry."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_usage_entry",
        tags=["usage"],
        summary="Read a usage entry",
        description="Scope `books:read`, by its provider or its consumer. What the price is made "
        "of is the provider's affair: a consumer sees it if their agreement discloses it.",
        parameters=[USAGE_ENTRY_ID],
        responses=schema.answers(
            answers.UsageEntry,
            example=examples.USAGE_ENTRY,
            description="The usage entry",
            problems=[*schema.KEY_PROBLEMS, "no-such-usage-entry", "month-archived"],
        ),
    )
    def get(self, request: Request, usage_entry_id: str) -> Response:
        """Answer the usage entry."""
        parameters.only(request)
        line = reading.usage_entry(caller_of(request).viewer, public_id=usage_entry_id)
        return Response(_usage_entry(line))


class ExplanationView(LedgerView):
    """How a price was made."""

    scope = "books:read"

    @extend_schema(
        operation_id="explain_usage_entry",
        tags=["usage"],
        summary="Explain a price",
        description="Scope `books:read`, by its provider or its consumer. Names the slot and the "
        "two stored rates, and shows each multiplication: tokens × rate = amount, exactly as it "
        "was booked; then how the rates follow from the catalogue, formula by formula with its "
        "numbers, and how far each can be trusted. The rates' inputs and parts of the price are "
        "the provider's affair: a consumer sees them if their agreement discloses them.",
        parameters=[USAGE_ENTRY_ID],
        responses=schema.answers(
            derivation_answers.Explanation,
            example=explanation_example.EXPLANATION,
            description="The explanation",
            problems=[*schema.KEY_PROBLEMS, "no-such-usage-entry", "month-archived"],
        ),
    )
    def get(self, request: Request, usage_entry_id: str) -> Response:
        """Answer the explanation."""
        parameters.only(request)
        explained = reading.explained(caller_of(request).viewer, public_id=usage_entry_id)
        return Response(_explained(explained))


def _usage_entry(line: UsageLine) -> dict[str, Any]:
    return {
        "id": line.public_id,
        "occurred_at": rendering.instant(line.occurred_at),
        "kind": line.kind,
        "status": line.status,
        "corrects": None
        if line.corrects_id is None
        else public_id(occurred_at=line.occurred_at, id_=line.corrects_id),
        "batch": str(line.batch_id),
        "row": line.row,
        "source": line.source,
        "event_id": line.event_id,
        "provider": line.provider,
        "consumer": line.consumer,
        "project": line.project,
        "deployment": line.deployment,
        "model": line.model,
        "agreement": line.agreement,
        "entry": str(line.journal_entry_id),
        "context_from_tokens": line.context_from_tokens,
        "service_tier": line.service_tier,
        "tokens": dict(zip(TOKEN_CLASSES, line.tokens, strict=True)),
        "energy_joules": rendering.sub_units(
            line.energy_microjoules, per_unit=MICROJOULES_PER_JOULE
        ),
        "co2_location_grams": rendering.sub_units(
            line.co2_location_nanograms, per_unit=NANOGRAMS_PER_GRAM
        ),
        "co2_market_grams": rendering.sub_units(
            line.co2_market_nanograms, per_unit=NANOGRAMS_PER_GRAM
        ),
        "currency": line.currency,
        "price": _money(line.price),
        "fee_consumer": _money(line.fee_consumer),
        "cost": None if line.cost is None else _cost(line.cost),
        "attributes": None if line.attributes_json is None else json.loads(line.attributes_json),
        "written": None if line.written_json is None else json.loads(line.written_json),
    }


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "compute": _money(cost.compute),
        "energy": _money(cost.energy),
        "green": _money(cost.green),
        "scarcity": _money(cost.scarcity),
        "margin": _money(cost.margin),
        "fee_provider": _money(cost.fee_provider),
        "gpu_seconds": rendering.sub_units(cost.gpu_nanoseconds, per_unit=NANOSECONDS_PER_SECOND),
    }


def _money(pico_units: int) -> str:
    return rendering.sub_units(pico_units, per_unit=PICO_PER_UNIT)


def _explained(explained: Explained) -> dict[str, Any]:
    explanation = explained.explanation
    price_rate = explanation.price_rate
    return {
        "usage_entry": _usage_entry(explained.line),
        "names": [_understood(name) for name in explanation.names],
        "slot": {
            "number": explanation.slot,
            "starts_at": rendering.instant(explanation.slot_starts_at),
        },
        "price_rate": _rate(price_rate, shows_inputs=explained.shows_cost),
        "slot_rate": _rate(price_rate.slot_rate, shows_inputs=explained.shows_cost),
        "corrections": [_reason(reason) for reason in explanation.reasons],
        "reratings": [_rerated(one) for one in explanation.reratings],
        "lines": [_line(line) for line in explanation.lines],
        "reported": _reported(explanation.reported),
        "provenance": list(explanation.provenance),
        "derivation": _derivation(explanation.derivation),
        "grade": explanation.grade,
        "grade_shares": {grade: f"{share:f}" for grade, share in explanation.grade_shares.items()},
        "compared_price": None
        if explanation.compared_price is None
        else _money(explanation.compared_price),
    }


def _reported(reported: Reported | None) -> dict[str, str | None] | None:
    if reported is None:
        return None
    return {
        "embodied_grams": _known(reported.embodied_nanograms),
        "water_litres": _known(reported.water_nanolitres),
    }


def _known(whole: int | None) -> str | None:
    return None if whole is None else rendering.sub_units(whole, per_unit=10**9)


def _derivation(derivation: Derivation) -> dict[str, Any]:
    return {
        "steps": [
            {
                "subject": one.step.subject,
                "name": one.step.name,
                "formula": one.step.formula,
                "filled": one.step.filled,
                "result": one.result,
                "unit": one.step.unit,
                "rests_on": list(one.step.rests_on),
                "grade": one.grade,
            }
            for one in derivation.steps
        ],
        "windows": [
            {
                "period": window.period,
                "spans": window.spans,
                "months": window.months,
                "day_types": window.day_types,
                "rank": window.rank,
            }
            for window in derivation.windows
        ],
        "shares": [
            {
                "part": share.part,
                "amount": _money(share.amount),
                "percent": quote_rendering.percent_or_null(share.percent),
            }
            for share in derivation.shares
        ],
        "cost_by_grade": None
        if derivation.cost_by_grade is None
        else {grade: f"{share:f}" for grade, share in derivation.cost_by_grade.items()},
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "did": reason.did,
        "correction": str(reason.correction_id),
        "act": reason.act,
        "reason": reason.reason,
        "requested_by": reason.requested_by,
        "recorded_at": rendering.instant(reason.recorded_at),
    }


def _rerated(one: Rerated) -> dict[str, Any]:
    return {
        "did": one.did,
        "rerating": str(one.rerating_id),
        "reason": one.reason,
        "asked_by": one.asked_by,
        "approved_by": one.approved_by,
        "applied_at": rendering.instant(one.applied_at),
    }


def _understood(name: Understood) -> dict[str, Any]:
    return {
        "kind": name.kind,
        "written": name.written,
        "source": name.source,
        "code": name.code,
        "project": name.project,
        "mapping": str(name.mapping_id),
        "name": name.name,
        "every_source": name.of_every_source,
        "valid_from": rendering.instant(name.valid_from),
        "published_at": rendering.instant(name.published_at),
    }


def _rate(rate: PriceRate | SlotRate, *, shows_inputs: bool) -> dict[str, Any]:
    return {
        "id": str(rate.pk),
        "currency": rate.currency,
        "compiled_at": rendering.instant(rate.compiled_at),
        "quantisation_bound": f"{rate.quantisation_bound:f}",
        "inputs": rate.inputs if shows_inputs else None,
    }


def _line(line: Line) -> dict[str, Any]:
    _, per_unit = UNITS.get(line.component, (line.unit, PICO_PER_UNIT))
    return {
        "component": line.component,
        "unit": line.unit,
        "products": [
            {
                "token_class": product.token_class,
                "tokens": product.tokens,
                "rate": rendering.sub_units(product.rate, per_unit=per_unit),
                "amount": rendering.sub_units(product.amount, per_unit=per_unit),
            }
            for product in line.products
        ],
        "amount": rendering.sub_units(line.amount, per_unit=per_unit),
        "booked": rendering.sub_units(line.booked, per_unit=per_unit),
        "agrees": line.agrees,
    }
