"""Quotes: what usage would cost and take at its own site and at every other. Nothing is stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.parties.models import Deployment
from ledger.parties.viewers import Viewer
from ledger.pricing import grading
from ledger.pricing.models import Provenance
from ledger.pricing.published import Lack, Published
from ledger.pricing.quoting import amounts, choosing, comparing
from ledger.pricing.quoting.amounts import COST, Amounts
from ledger.pricing.quoting.choosing import Terms
from ledger.pricing.quoting.comparing import CarbonTurn, GpuHourTurn
from ledger.pricing.quoting.prices import Load, Place, Prices, Rate
from ledger.pricing.quoting.wanted import Line, Wanted, context_band
from ledger.pricing.tariff import slot_of, slot_starts_at, slots_of_day
from ledger.quantities import EXACT
from ledger.tokens import TOKEN_CLASSES

SLOTS_AN_HOUR: Final = 4


@dataclass(frozen=True, slots=True)
class Moment:
    """A quarter hour, or one hour of a day: the mean of its quarter hours, and their electricity.

    `electricity` holds each that is different once, as the rate's inputs have it.
    """

    starts_at: datetime
    amounts: Amounts
    electricity: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Move:
    """What moving usage from its own site to another saves, and from where on it does not.

    `there` and `back` are the moves in both directions; carbon compares the own site (first) with
    the other (second). By cost where the asker may see it, else by price, and then without
    GPU-hours.
    """

    saved: Amounts
    price_percent: Decimal | None
    cost_percent: Decimal | None
    there: GpuHourTurn
    back: GpuHourTurn
    carbon_location: CarbonTurn
    carbon_market: CarbonTurn


@dataclass(frozen=True, slots=True)
class AtSite:
    """A quote at one site: either a lack, or amounts with what they are made from."""

    place: Place
    lack: Lack | None
    whole: Amounts | None
    moments: Sequence[Moment]
    inputs: Mapping[str, Any] | None
    shares: Mapping[str, Decimal]
    move: Move | None


@dataclass(frozen=True, slots=True)
class Quote:
    """What a deployment's usage would cost under some terms, at every site."""

    deployment: Deployment
    terms: Terms
    currency: str
    shows_cost: bool
    gpu_hour: Mapping[str, Any] | None
    sites: Sequence[AtSite]

    @property
    def own(self) -> AtSite | None:
        """Return the quote at the deployment's own site, if it was asked for."""
        return next((one for one in self.sites if one.place.is_own), None)

    def least(self, *components: str) -> str | None:
        """Return the code of the site where these components together are least."""
        with localcontext(EXACT):
            sums = [
                (sum(one.whole.of(name) for name in components), one.place.site.code)
                for one in self.sites
                if one.whole is not None
            ]
        return min(sums)[1] if sums else None

    @property
    def cheapest(self) -> str | None:
        """Return the site with the lowest price; of equal prices, the one that costs least."""
        costs = COST if self.shows_cost else ()
        with localcontext(EXACT):
            sums = [
                (
                    one.whole.of("price"),
                    sum(one.whole.of(name) for name in costs),
                    one.place.site.code,
                )
                for one in self.sites
                if one.whole is not None
            ]
        return min(sums)[2] if sums else None


def quote(published: Published, wanted: Wanted, *, viewer: Viewer, now: datetime) -> list[Quote]:
    """Price the usage at every site that is wanted, for each deployment; at `now` if no moment is.

    :raises QuoteInvalid: if what is named is not known to the viewer.
    """
    chosen = [
        (one, choosing.terms(published, wanted, viewer=viewer, deployment=one))
        for one in choosing.deployments(published, wanted, viewer=viewer)
    ]
    sites = choosing.sites(wanted.sites)
    prices = Prices(published)
    drafts = [
        _Draft(
            prices, wanted, deployment, terms, viewer=viewer, slots=_slots(wanted, deployment, now)
        )
        for deployment, terms in chosen
    ]
    for draft in drafts:
        for site in sites:
            draft.look_at(Place(draft.deployment, site))
    codes = {code for draft in drafts for code in draft.provenances()}
    grade_of = dict(Provenance.objects.filter(code__in=codes).values_list("code", "grade"))
    return [draft.finished(grade_of) for draft in drafts]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found at a place: per quarter hour the amounts and the rates behind them."""

    place: Place
    lack: Lack | None
    by_slot: Sequence[tuple[int, Amounts, Rate]]


class _Draft:
    """A quote in the making: one deployment under one set of terms."""

    def __init__(
        self,
        prices: Prices,
        wanted: Wanted,
        deployment: Deployment,
        terms: Terms,
        *,
        viewer: Viewer,
        slots: Sequence[int],
    ) -> None:
        self.prices = prices
        self.wanted = wanted
        self.deployment = deployment
        self.terms = terms
        self.slots = slots
        bounds = terms.bands(prices.published, deployment)
        self.loads = loads(wanted.lines, bounds=bounds, service_tier=wanted.service_tier)
        self.version = terms.version(prices.published, slot_starts_at(slots[0]))
        versions = [terms.version(prices.published, slot_starts_at(slot)) for slot in slots]
        self.shows_cost = not isinstance(self.version, Lack) and all(
            choosing.shows_cost(viewer, deployment, one)
            for one in versions
            if not isinstance(one, Lack)
        )
        self.found: list[_Found] = []

    def look_at(self, place: Place) -> None:
        """Price the usage in every slot at a place, up to the first that lacks something."""
        by_slot = []
        lack: Lack | None = None
        for slot in self.slots:
            answer = self._at(place, slot)
            if isinstance(answer, Lack):
                lack = lack or answer
            else:
                by_slot.append((slot, *answer))
        self.found.append(_Found(place, lack, by_slot))

    def _at(self, place: Place, slot: int) -> tuple[Amounts, Rate] | Lack:
        version = self.terms.version(self.prices.published, slot_starts_at(slot))
        if isinstance(version, Lack):
            return version
        parts = []
        for load in self.loads:
            part = self.prices.amounts(place, version=version, load=load, slot=slot)
            if isinstance(part, Lack):
                return part
            parts.append(part)
        rate = self.prices.rate(place, version=version, asked=self.loads[0].asked(slot))
        assert not isinstance(rate, Lack), "its loads were priced"
        return amounts.total(parts), rate

    def provenances(self) -> set[str]:
        """Return the codes of all provenances that the rates name."""
        return {
            code
            for found in self.found
            for _, _, rate in found.by_slot[:1]
            for codes in grading.provenances(rate.slot.values).values()
            for code in codes
        }

    def finished(self, grade_of: Mapping[str, str]) -> Quote:
        """Compare the places with the deployment's own."""
        own = next((one for one in self.found if one.place.is_own), None)
        home = _whole(own) if own else None
        gpu_hour = _gpu_hour(own) if own else None
        rates = [rate for one in self.found for _, _, rate in one.by_slot[:1]]
        return Quote(
            deployment=self.deployment,
            terms=self.terms,
            currency=rates[0].price.values["currency"] if rates else self.deployment.currency,
            shows_cost=self.shows_cost,
            gpu_hour=gpu_hour,
            sites=[self._finished(one, home, gpu_hour, grade_of) for one in self.found],
        )

    def _finished(
        self,
        found: _Found,
        home: Amounts | None,
        gpu_hour: Mapping[str, Any] | None,
        grade_of: Mapping[str, str],
    ) -> AtSite:
        whole = _whole(found)
        inputs = found.by_slot[0][2].slot.values if found.by_slot else None
        shares: Mapping[str, Decimal] = {}
        if whole is not None and inputs is not None:
            graded = grading.grades(inputs, grade_of=grade_of)
            shares = grading.shares({name: whole.of(name) for name in COST}, graded=graded)
        compared = whole is not None and home is not None and not found.place.is_own
        return AtSite(
            place=found.place,
            lack=found.lack,
            whole=whole,
            moments=_moments(found, hourly=self.wanted.day is not None),
            inputs=inputs,
            shares=shares,
            move=self._move(home, whole, gpu_hour) if compared and home and whole else None,
        )

    def _move(self, home: Amounts, there: Amounts, gpu_hour: Mapping[str, Any] | None) -> Move:
        with localcontext(EXACT):
            share = self.wanted.save_percent / comparing.PERCENT
            price = Decimal(gpu_hour["price"]) if gpu_hour else Decimal(0)
            costs = (
                (home.spent.cost, there.spent.cost)
                if self.shows_cost
                else (home.of("price"), there.of("price"))
            )
        forth = comparing.gpu_hour_turn(
            here=home.spent, there=there.spent, gpu_hour_price=price, share=share
        )
        back = comparing.gpu_hour_turn(
            here=there.spent, there=home.spent, gpu_hour_price=price, share=share
        )
        location, market = (
            comparing.carbon_turn(costs=costs, grams=(home.of(name), there.of(name)))
            for name in ("co2_location_nanograms", "co2_market_nanograms")
        )
        return Move(
            saved=home.less(there),
            price_percent=comparing.percent_saved(before=home.of("price"), after=there.of("price")),
            cost_percent=comparing.percent_saved(before=home.spent.cost, after=there.spent.cost),
            there=forth,
            back=back,
            carbon_location=location,
            carbon_market=market,
        )


def loads(lines: Sequence[Line], *, bounds: Sequence[int], service_tier: str) -> list[Load]:
    """Return the tokens of all requests by context band: a price is linear in them."""
    by_band: dict[int, Counter[int]] = {}
    for line in lines:
        band = context_band(line.prompt_tokens, bounds=bounds)
        sums = by_band.setdefault(band, Counter())
        for position, count in enumerate(line.tokens):
            sums[position] += count * line.requests
    return [
        Load(band, [sums[position] for position in range(len(TOKEN_CLASSES))], service_tier)
        for band, sums in sorted(by_band.items())
    ]


def _slots(wanted: Wanted, deployment: Deployment, now: datetime) -> Sequence[int]:
    """Return the slot of the moment, or those of the day at the deployment's own site."""
    if wanted.day is not None:
        return slots_of_day(wanted.day, time_zone=deployment.site.time_zone)
    return [slot_of(wanted.at or now)]


def _whole(found: _Found) -> Amounts | None:
    if found.lack is not None or not found.by_slot:
        return None
    return amounts.mean(one for _, one, _ in found.by_slot)


def _gpu_hour(found: _Found) -> Mapping[str, Any] | None:
    """Return the GPU-hour behind the rates, unless it changes within the day."""
    hours = [rate.slot.values["gpu_hour"] for _, _, rate in found.by_slot]
    first: Mapping[str, Any] | None = hours[0] if hours else None
    return first if all(one == first for one in hours) else None


def _moments(found: _Found, *, hourly: bool) -> list[Moment]:
    """Return the amounts by hour, or those of the one quarter hour."""
    size = SLOTS_AN_HOUR if hourly else 1
    by_hour: dict[int, list[tuple[int, Amounts, Rate]]] = {}
    for one in found.by_slot:
        by_hour.setdefault(one[0] // size, []).append(one)
    return [
        Moment(
            starts_at=slot_starts_at(ones[0][0]),
            amounts=amounts.mean(amount for _, amount, _ in ones),
            electricity=_different(rate.slot.values["electricity"] for _, _, rate in ones),
        )
        for ones in by_hour.values()
        if len(ones) == size
    ]


def _different(several: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for one in several:
        if one not in found:
            found.append(one)
    return found
