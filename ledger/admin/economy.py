"""The token economy on the operators' site: charts, and the same figures in tables beneath."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from ledger.admin.pages import allowed, show
from ledger.quantities import MINOR_UNIT_DIGITS
from ledger.rating import economy, token_economy
from ledger.rating.economy import Price, Sums
from ledger.rating.token_economy import NAMES, Day, Economy, EconomySpanRefused, Wanted

LINES: Final = ("var(--color-primary-600)", "#0d9488", "#d97706", "#7c3aed", "#db2777")
QUIET: Final = "#9ca3af"
MOST_LABELS: Final = 8
SPANS: Final = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: a day, or a share of all, with what follows from its sums."""

    name: str
    sums: Sums
    joules_per_token: Decimal | None
    busy_gpu_hours: Decimal
    available_gpu_hours: Decimal | None
    uncounted_gpu_hours: Decimal
    utilisation: Decimal | None
    market_over_location: Decimal | None
    prices: list[Price]
    growth: Mapping[str, Decimal | None]
    share: Decimal | None
    of: Day | None = None


def page(admin: Any, request: HttpRequest) -> HttpResponse:
    """Show the token economy of the days asked for, the newest thirty otherwise."""
    allowed(admin, request)
    wanted, faults = _wanted(request)
    try:
        found = token_economy.token_economy(wanted, now=timezone.now())
    except EconomySpanRefused as refused:
        faults.append(f"{refused}".capitalize() + ".")
        plain = Wanted(time_zone="UTC", by=wanted.by, into=wanted.into)
        found = token_economy.token_economy(plain, now=timezone.now())
    for fault in faults:
        messages.warning(request, fault)
    days = [_row(f"{day.date}", day.sums, of=day, growth=day.growth) for day in found.days]
    context = {
        "title": "Token economy",
        "economy": found,
        "last_day": found.ends_on - timedelta(days=1),
        "days": list(reversed(days)),
        "shares": [_row(one.name, one.sums, share=one.tokens_share) for one in found.shares],
        "total": _row("all", found.total),
        "growth": found.days[-1].growth,
        "currencies": sorted(found.total.money),
        "charts": _charts(found, days),
        "by_names": tuple(NAMES),
        "into": wanted.into or "",
        "known_currencies": tuple(MINOR_UNIT_DIGITS),
        "spans": [
            (length, f"from={found.ends_on - timedelta(days=length)}&to={found.ends_on}")
            for length in SPANS
        ],
        "kept": f"time_zone={found.time_zone}&by={found.by}&currency={wanted.into or ''}",
    }
    return show(admin, request, "admin/ledger/token_economy.html", context)


def _wanted(request: HttpRequest) -> tuple[Wanted, list[str]]:
    """Read the address; what is not understood is said, and left out."""
    faults: list[str] = []

    def read(name: str, reader: Callable[[str], Any], instead: Any) -> Any:
        text = request.GET.get(name, "")
        if not text:
            return instead
        try:
            return reader(text)
        except (ValueError, KeyError):
            faults.append(f"{name}: {text!r} is not understood.")
            return instead

    wanted = Wanted(
        time_zone=read("time_zone", _one_of(available_timezones()), settings.BOOKS_TIME_ZONE),
        by=read("by", _one_of(NAMES), "zone"),
        starts_on=read("from", date.fromisoformat, None),
        ends_on=read("to", date.fromisoformat, None),
        into=read("currency", _one_of(MINOR_UNIT_DIGITS), None),
    )
    return wanted, faults


def _one_of(known: Any) -> Callable[[str], str]:
    def reader(text: str) -> str:
        if text not in known:
            raise ValueError(text)
        return text

    return reader


def _row(
    name: str,
    sums: Sums,
    *,
    of: Day | None = None,
    growth: Mapping[str, Decimal | None] | None = None,
    share: Decimal | None = None,
) -> Row:
    return Row(
        name=name,
        sums=sums,
        joules_per_token=economy.joules_per_token(sums),
        busy_gpu_hours=economy.busy_gpu_hours(sums),
        available_gpu_hours=economy.available_gpu_hours(sums),
        uncounted_gpu_hours=economy.uncounted_gpu_hours(sums),
        utilisation=economy.utilisation(sums),
        market_over_location=economy.market_over_location(sums),
        prices=economy.prices(sums),
        growth=growth or {},
        share=share,
        of=of,
    )


def _charts(found: Economy, days: Sequence[Row]) -> list[dict[str, str]]:
    """Return what the charts draw, in the words of Chart.js; numbers go as text, exactly."""
    labels = [row.name[5:] for row in days]
    tokens = [_set("tokens", [str(row.sums.tokens) for row in days], LINES[0])]
    joules = [_set("J per token", [_text(row.joules_per_token) for row in days], LINES[0])]
    money = [
        _set(
            f"{currency} per million tokens",
            [_text(_per_million(row, currency)) for row in days],
            LINES[number % len(LINES)],
        )
        for number, currency in enumerate(sorted(found.total.money))
    ]
    return [
        _chart("Tokens a day", "bar", labels, tokens, unit="tokens"),
        _chart("Energy per token", "line", labels, joules, unit="joules"),
        _chart("Money per million tokens", "line", labels, money, unit="of each currency"),
    ]


def _per_million(row: Row, currency: str) -> Decimal | None:
    return next((one.per_million_tokens for one in row.prices if one.currency == currency), None)


def _set(label: str, data: list[str | None], colour: str) -> dict[str, Any]:
    return {"label": label, "data": data, "borderColor": colour, "backgroundColor": colour}


def _chart(
    title: str, kind: str, labels: list[str], datasets: list[dict[str, Any]], *, unit: str
) -> dict[str, str]:
    """Return a chart whose axis begins at zero and names its unit."""
    axis = {"color": QUIET, "maxTicksLimit": MOST_LABELS}
    options = {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "pointStyle": False,
        "plugins": {"legend": {"display": len(datasets) > 1, "labels": {"color": QUIET}}},
        "scales": {
            "x": {"ticks": axis, "grid": {"display": False}},
            "y": {
                "beginAtZero": True,
                "ticks": axis,
                "grid": {"tickWidth": 0},
                "title": {"display": True, "text": unit, "color": QUIET},
            },
        },
    }
    return {
        "title": title,
        "kind": kind,
        "data": json.dumps({"labels": labels, "datasets": datasets}),
        "options": json.dumps(options),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
