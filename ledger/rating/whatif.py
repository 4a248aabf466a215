"""What a past span's usage would have cost elsewhere, or at another time. Nothing is stored.

A price is linear in tokens, so usage entries are summed by deployment, agreement, context band and
quarter hour first, and each sum is priced once a site: exact, and as fast for a million events as
for one. At its own site and at its own time usage is priced at what was booked, unless the
catalogue has a later word on those hours, or an event was corrected without being priced anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection

from ledger.errors import LedgerError
from ledger.parties.models import Deployment
from ledger.parties.viewers import Viewer
from ledger.periods import month_of
from ledger.pricing.models import Agreement, AgreementVersion, Site
from ledger.pricing.published import Lack, Published
from ledger.pricing.quoting import amounts, comparing
from ledger.pricing.quoting.amounts import Amounts
from ledger.pricing.quoting.prices import BOOKED, Load, Place, Prices
from ledger.pricing.tariff import SLOT_SECONDS, slot_starts_at
from ledger.rating import rate
from ledger.rating.archive.records import require_at_hand
from ledger.tokens import TOKEN_CLASSES

MOST_DAYS: Final = 31
MOST_ENTRIES: Final = 5_000_000
MOST_PRICED: Final = 60_000
"""Sums times sites; each takes about a tenth of a millisecond."""

SLOT_MINUTES: Final = SLOT_SECONDS // 60
LONGEST_SHIFT_MINUTES: Final = 7 * 24 * 60

PRICE: Final = "compute + energy + green + scarcity + margin"

SCOPE: Final = """
    WHERE {time} >= %(starts_at)s AND {time} < %(ends_at)s
      AND (%(sees_all)s OR %(party)s IN (provider_id, consumer_id))
      AND (%(deployments)s::bigint[] IS NULL OR deployment_id = ANY(%(deployments)s))
      AND (%(consumer)s::bigint IS NULL OR consumer_id = %(consumer)s)
      AND (%(provider)s::bigint IS NULL OR provider_id = %(provider)s)
"""
LATEST: Final = """
    SELECT hour
    FROM ledger_usage_rollup
    WHERE %(sees_all)s OR %(party)s IN (provider_id, consumer_id)
    ORDER BY hour DESC
    LIMIT 1
"""
COUNT: Final = f"""
    SELECT coalesce(sum(events), 0)
    FROM ledger_usage_rollup
    {SCOPE.format(time="hour")}
"""
# floor, since a cast would round the last half second of a slot into the next one.
SUMS: Final = f"""
    SELECT entry.deployment_id, version.agreement_id, price_rate.currency,
           entry.context_from_tokens, entry.service_tier, entry.slot,
           bool_and(version.discloses_cost),
           sum(entry.entries)::bigint,
           {", ".join(f"sum(entry.{name})" for name in TOKEN_CLASSES)},
           {", ".join(f"sum(entry.{name})" for name in BOOKED)}
    FROM (
        SELECT deployment_id, agreement_version_id, price_rate_id, context_from_tokens,
               service_tier,
               floor(extract(epoch FROM occurred_at) / {SLOT_SECONDS})::bigint AS slot,
               count(*) AS entries,
               {", ".join(f"sum({name}) AS {name}" for name in TOKEN_CLASSES)},
               sum({PRICE}) AS price,
               {", ".join(f"sum({name}) AS {name}" for name in BOOKED if name != "price")}
        FROM ledger_usage_entry
        {SCOPE.format(time="occurred_at")}
        GROUP BY 1, 2, 3, 4, 5, 6
    ) entry
    JOIN ledger_agreement_version version ON version.id = entry.agreement_version_id
    JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 6, 1, 2, 4, 5, 3
    LIMIT %(limit)s
"""


class WhatIfRefused(LedgerError):
    """A comparison is asked for what is not known to the asker, or for too much at once."""

    problem = "what-if-refused"

    def __init__(self, parameter: str, detail: str) -> None:
        self.parameter = parameter
        super().__init__(f"{parameter}: {detail}")


@dataclass(frozen=True, slots=True)
class Span:
    """Days in UTC: from_date <= day < to_date."""

    from_date: date
    to_date: date

    @property
    def starts_at(self) -> datetime:
        """Return the first instant."""
        return datetime.combine(self.from_date, time(), tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        """Return the first instant that is not in it."""
        return datetime.combine(self.to_date, time(), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which usage is meant, by codes, and where and when it might have been instead.

    Without `from_date` the last day on which anything was used; without `to_date` one day. Without
    `site` every site.
    """

    from_date: date | None = None
    to_date: date | None = None
    provider: str | None = None
    consumer: str | None = None
    deployment: str | None = None
    site: str | None = None
    shift_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """Usage entries that are priced alike, added up: their tokens, and what was booked."""

    deployment: Deployment
    agreement: Agreement
    currency: str
    load: Load
    slot: int
    entries: int
    booked: Amounts

    @property
    def day(self) -> date:
        """Return the day in UTC on which they occurred."""
        return slot_starts_at(self.slot).date()


@dataclass(frozen=True, slots=True)
class Totals:
    """What was booked, and what it would have been instead, in one currency."""

    currency: str
    booked: Amounts
    instead: Amounts


@dataclass(frozen=True, slots=True)
class Moved:
    """Usage at one site, or, where `site` is None, of each deployment at its own.

    `lacks` count usage entries; where there are any, there are no totals: a part is no whole.
    """

    site: Site | None
    lacks: Mapping[Lack, int]
    totals: Sequence[Totals]
    days: Sequence[tuple[date, Totals]]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer: the span that was looked at, and the usage at each site."""

    revision: int
    span: Span
    shift_minutes: int
    entries: int
    shows_cost: bool
    moved: Sequence[Moved]


@dataclass(slots=True)
class _Tally:
    """Sums by currency, and by currency and day, as they come."""

    booked: dict[tuple[str, date], list[Amounts]] = field(default_factory=dict)
    instead: dict[tuple[str, date], list[Amounts]] = field(default_factory=dict)
    lacks: Counter[Lack] = field(default_factory=Counter)


def what_if(viewer: Viewer, wanted: Wanted, *, now: datetime) -> WhatIf:
    """Price the viewer's usage anew at each site that is wanted, and at its own.

    :raises WhatIfRefused: if something is not known to the viewer, or it is too much at once.
    :raises MonthArchived: if some of it is in an archive.
    """
    published = rate.current_rates().published
    span = _span(viewer, wanted, now=now)
    sites = _sites(wanted.site)
    scope = _scope(published, viewer, wanted) | {
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
    }
    sums, discloses = _sums(published, scope, sites=len(sites) + 1)
    prices = Prices(published)
    shift = wanted.shift_minutes // SLOT_MINUTES
    return WhatIf(
        revision=published.revision,
        span=span,
        shift_minutes=wanted.shift_minutes,
        entries=sum(one.entries for one in sums),
        shows_cost=viewer.sees_all
        or (all(discloses) and _disclosed(published, sums, shift=shift))
        or all(one.deployment.provider_id == viewer.party_id for one in sums),
        moved=[_moved(prices, sums, site=site, shift=shift) for site in (None, *sites)],
    )


def _disclosed(published: Published, sums: Sequence[Sum], *, shift: int) -> bool:
    """Return whether the terms that would have held disclose the cost, too."""
    versions: list[AgreementVersion | None] = [
        published.in_force(AgreementVersion, (one.agreement.id,), slot_starts_at(one.slot + shift))
        for one in sums
    ]
    return all(version is None or version.discloses_cost for version in versions)


def _moved(prices: Prices, sums: Sequence[Sum], *, site: Site | None, shift: int) -> Moved:
    tally = _Tally()
    for one in sums:
        place = Place(one.deployment, site or one.deployment.site)
        answer = _instead(prices, one, place=place, slot=one.slot + shift)
        if isinstance(answer, Lack):
            tally.lacks[answer] += one.entries
            continue
        key = one.currency, one.day
        tally.booked.setdefault(key, []).append(one.booked)
        tally.instead.setdefault(key, []).append(answer)
    if tally.lacks:
        return Moved(site, dict(tally.lacks), [], [])
    days = [
        (day, Totals(currency, amounts.total(booked), amounts.total(tally.instead[currency, day])))
        for (currency, day), booked in sorted(tally.booked.items(), key=lambda item: item[0][::-1])
    ]
    currencies = sorted({totals.currency for _, totals in days})
    return Moved(site, {}, [_together(currency, days) for currency in currencies], days)


def _together(currency: str, days: Sequence[tuple[date, Totals]]) -> Totals:
    of_currency = [totals for _, totals in days if totals.currency == currency]
    return Totals(
        currency,
        amounts.total(one.booked for one in of_currency),
        amounts.total(one.instead for one in of_currency),
    )


def percent_saved(totals: Totals) -> Any:
    """Return by how many percent the price would have been less; None where nothing was booked."""
    return comparing.percent_saved(
        before=totals.booked.of("price"), after=totals.instead.of("price")
    )


def _instead(prices: Prices, one: Sum, *, place: Place, slot: int) -> Amounts | Lack:
    version: AgreementVersion | None = prices.published.in_force(
        AgreementVersion, (one.agreement.id,), slot_starts_at(slot)
    )
    needed = f"agreement_version:{one.agreement.code}"
    if version is None:
        return Lack("no_agreement_version", needed)
    if version.currency != one.currency:
        return Lack("another_currency", needed, f"booked in {one.currency}")
    found = prices.amounts(place, version=version, load=one.load, slot=slot)
    if isinstance(found, Lack):
        return found
    return found


def _span(viewer: Viewer, wanted: Wanted, *, now: datetime) -> Span:
    """Return the days that are meant, all of them at hand."""
    from_date = wanted.from_date
    if from_date is None:
        rows = _rows(LATEST, {"sees_all": viewer.sees_all, "party": viewer.party_id})
        latest: datetime = rows[0][0] if rows else now
        from_date = latest.astimezone(UTC).date()
    to_date = wanted.to_date or from_date + timedelta(days=1)
    if not from_date < to_date <= from_date + timedelta(days=MOST_DAYS):
        raise WhatIfRefused("to", f"must be 1 to {MOST_DAYS} days after {from_date}")
    for month in {month_of(from_date)[0], month_of(to_date - timedelta(days=1))[0]}:
        require_at_hand(datetime.combine(month, time(), tzinfo=UTC))
    return Span(from_date, to_date)


def _sites(code: str | None) -> list[Site]:
    found = Site.objects.order_by("code")
    sites = list(found if code is None else found.filter(code=code))
    if code is not None and not sites:
        raise WhatIfRefused("site", f"{code!r} is no site of the catalogue")
    return sites


def _scope(published: Published, viewer: Viewer, wanted: Wanted) -> dict[str, Any]:
    """Return the ids behind the codes, as far as the viewer knows them."""
    agreements = [
        one
        for one in published.agreements.values()
        if viewer.sees_all or viewer.party_id in (one.provider_id, one.consumer_id)
    ]
    known = {
        "provider": {one.provider.code: one.provider_id for one in agreements},
        "consumer": {one.consumer.code: one.consumer_id for one in agreements},
    }
    scope: dict[str, Any] = {"sees_all": viewer.sees_all, "party": viewer.party_id}
    for name, code in (("provider", wanted.provider), ("consumer", wanted.consumer)):
        if code is not None and code not in known[name]:
            raise WhatIfRefused(name, f"no agreement with {code!r} is known to you")
        scope[name] = None if code is None else known[name][code]
    scope["deployments"] = None
    if wanted.deployment is not None:
        providers = set(known["provider"].values())
        scope["deployments"] = [
            one.id
            for one in published.deployments.values()
            if one.provider_id in providers
            and wanted.deployment in (one.code, f"{one.provider.code}/{one.code}")
        ]
        if not scope["deployments"]:
            raise WhatIfRefused("deployment", f"no {wanted.deployment!r} is known to you")
    return scope


def _sums(
    published: Published, scope: Mapping[str, Any], *, sites: int
) -> tuple[list[Sum], list[bool]]:
    """Return the usage in sums that are priced alike, and whether each one's cost is disclosed."""
    ((entries,),) = _rows(COUNT, scope)
    if entries > MOST_ENTRIES:
        raise WhatIfRefused(
            "from", f"{entries} events are more than {MOST_ENTRIES}; name fewer days or a consumer"
        )
    most = MOST_PRICED // sites
    rows = _rows(SUMS, {**scope, "limit": most + 1})
    if len(rows) > most:
        raise WhatIfRefused(
            "site",
            f"more than {most} quarter hours of deployments at {sites - 1} sites; "
            "name one site, one deployment or fewer days",
        )
    deployments = {one.id: one for one in published.deployments.values()}
    agreements = {one.id: one for one in published.agreements.values()}
    tokens_end = 8 + len(TOKEN_CLASSES)
    sums = [
        Sum(
            deployment=deployments[row[0]],
            agreement=agreements[row[1]],
            currency=row[2],
            load=Load(row[3], [int(count) for count in row[8:tokens_end]], row[4]),
            slot=row[5],
            entries=row[7],
            booked=Amounts(
                {name: int(amount) for name, amount in zip(BOOKED, row[tokens_end:], strict=True)}
            ),
        )
        for row in rows
    ]
    return sums, [row[6] for row in rows]


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
