"""How the energy books are written in answers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from ledger.api import rendering
from ledger.energy.bills import BillLine
from ledger.energy.green import GreenLine, GreenReport, LotLine
from ledger.energy.months import Gap, Meter
from ledger.energy.reading import EnergyReport, Run
from ledger.energy.readings import ReadingLine
from ledger.quantities import round_half_even

GAPS_NAMED: Final = 20
SHARE_DIGITS: Final = 12


def rendered_reading(line: ReadingLine) -> dict[str, Any]:
    """Return a reading."""
    return {
        "id": str(line.id),
        "site": line.site,
        "kind": line.kind,
        "starts_at": rendering.instant(line.starts_at),
        "ends_at": rendering.instant(line.ends_at),
        "revision": line.revision,
        "quantity": rendering.amount(line.quantity),
        "grade": line.grade,
        "source": line.source,
        "recorded_at": rendering.instant(line.recorded_at),
    }


def rendered_bill(line: BillLine) -> dict[str, Any]:
    """Return a bill."""
    return {
        "id": str(line.id),
        "site": line.site,
        "provider": line.provider,
        "document": line.document,
        "starts_on": line.starts_on.isoformat(),
        "ends_on": line.ends_on.isoformat(),
        "kwh": rendering.amount(line.kwh),
        "amount": rendering.amount(line.amount),
        "currency": line.currency,
        "entry": str(line.journal_entry_id),
        "recorded_at": rendering.instant(line.recorded_at),
    }


def rendered_energy(told: EnergyReport) -> dict[str, Any]:
    """Return a site's month."""
    return {
        "site": told.month.site.code,
        "month": told.month.name,
        "starts_at": rendering.instant(told.month.starts_at),
        "ends_at": rendering.instant(told.month.ends_at),
        "state": str(told.state),
        "meters": [_meter(kind, meter) for kind, meter in sorted(told.counted.meters.items())],
        "booked": [
            {"provider": provider, "commodity": commodity, "amount": rendering.amount(amount)}
            for (provider, commodity), amount in sorted(told.booked.amounts.items())
        ],
        "bills": [rendered_bill(bill) for bill in told.bills],
        "true_up": None if told.last is None else _run(told.last),
    }


def rendered_green(told: GreenReport, *, slots: bool) -> dict[str, Any]:
    """Return a site's green month, with every quarter hour if they are asked for."""
    return {
        "site": told.month.site.code,
        "month": told.month.name,
        "providers": [_green(line, slots=slots) for line in told.lines],
        "lots": [_lot(lot) for lot in told.lots],
    }


def _meter(kind: str, meter: Meter) -> dict[str, Any]:
    return {
        "kind": kind,
        "quantity": _amount_or_null(meter.quantity),
        "complete": meter.complete is not None,
        "gaps": len(meter.gaps),
        "missing": _spans(meter.gaps[:GAPS_NAMED]),
    }


def _spans(gaps: Sequence[Gap]) -> list[dict[str, str]]:
    return [
        {
            "starts_at": rendering.instant(gap.starts_at),
            "ends_at": rendering.instant(gap.ends_at),
        }
        for gap in gaps
    ]


def _run(run: Run) -> dict[str, Any]:
    return {
        "run": run.run,
        "recorded_at": rendering.instant(run.recorded_at),
        "entries": [str(entry_id) for entry_id in run.entry_ids],
        "parts": [
            {
                "part": one.part,
                "commodity": one.commodity,
                "amount": rendering.amount(one.amount),
            }
            for one in run.parts
        ],
        "shares": [
            {
                "provider": one.provider,
                "commodity": one.commodity,
                "booked": rendering.amount(one.booked),
                "variance": rendering.amount(one.variance),
            }
            for one in run.shares
        ],
        "notes": list(run.notes),
    }


def _green(line: GreenLine, *, slots: bool) -> dict[str, Any]:
    return {
        "provider": line.provider,
        "consumed_watt_hours": _rounded(line.consumed_watt_hours),
        "green_watt_hours": _rounded(line.green_watt_hours),
        "matched_watt_hours": line.matched_watt_hours,
        "short_watt_hours": line.short_watt_hours,
        "matched_share": None if line.share is None else _rounded(line.share),
        "co2_location_grams": rendering.amount(line.location_grams),
        "co2_market_grams_booked": rendering.amount(line.market_grams_booked),
        "co2_unmatched_grams": rendering.amount(line.unmatched_grams),
        "co2_market_grams": rendering.amount(line.market_grams),
        "posted": line.posted,
        "slots": [
            {
                "starts_at": rendering.instant(one.starts_at),
                "consumed_watt_hours": _rounded(one.consumed_watt_hours),
                "matched_watt_hours": one.matched_watt_hours,
                "matched_share": _rounded(one.share),
            }
            for one in (line.slots if slots else ())
        ],
    }


def _lot(lot: LotLine) -> dict[str, Any]:
    return {
        "code": lot.code,
        "kind": lot.kind,
        "provider": lot.provider,
        "zone": lot.zone,
        "technology": lot.technology,
        "vintage": lot.vintage,
        "produced_from": rendering.instant(lot.produced_from),
        "produced_to": rendering.instant(lot.produced_to),
        "watt_hours": lot.watt_hours,
        "cancelled_watt_hours": lot.cancelled_watt_hours,
        "left_watt_hours": lot.left_watt_hours,
    }


def _rounded(value: Decimal) -> str:
    """Write what a division may have given, to the decimals of an amount."""
    return rendering.amount(round_half_even(value, digits=SHARE_DIGITS))


def _amount_or_null(value: Decimal | None) -> str | None:
    return None if value is None else rendering.amount(value)
