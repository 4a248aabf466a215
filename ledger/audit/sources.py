"""Audit of what rates were made from: the catalogue still says what it said when they were."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ledger.audit import power, versions
from ledger.audit.findings import Audit
from ledger.audit.versions import Key, Stated, Versions
from ledger.errors import LedgerError
from ledger.pricing import grading, ownership, scarcity
from ledger.pricing.models import Provenance
from ledger.pricing.ownership import Ownership
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.service_tiers import STANDARD

OF_THE_SLOT: Final = frozenset(
    {"period", "price_per_kwh", "demand_price_per_kwh", "override", "market", "factor", "measured"}
)
"""What electricity costs in a slot, and how scarce it is, follow from terms and other versions."""

ABSENT: Final = object()


def _rate_sources() -> Iterator[str]:
    slot_rates = list(
        SlotRate.objects.select_related("deployment__provider", "deployment__site").order_by("id")
    )
    price_rates = list(
        PriceRate.objects.select_related(
            "agreement_version__agreement", "agreement_version__rate_card", "slot_rate"
        ).order_by("id")
    )
    # Read after the rates, so that it knows whatever they were compiled from.
    held = Versions()
    grade_of = dict(Provenance.objects.values_list("code", "grade"))
    for slot_rate in slot_rates:
        name = f"slot rate {slot_rate.id}"
        owners = _slot_owners(slot_rate, held)
        for stated in versions.slot_sections(slot_rate.inputs):
            yield from _faults(name, stated, owners.get(stated.section), held)
        yield from _unequal(name, _slot_names(slot_rate))
    for price_rate in price_rates:
        name = f"price rate {price_rate.id}"
        owners = _price_owners(price_rate)
        for stated in versions.price_sections(price_rate.inputs):
            yield from _faults(name, stated, owners.get(stated.section), held)
        yield from _unequal(name, _price_names(price_rate))
        yield from _grades(name, price_rate, grade_of)


def _faults(name: str, stated: Stated, owner: Key | None, held: Versions) -> Iterator[str]:
    """Compare a section with the version that it names."""
    version = held.by_id[stated.model].get(stated.id)
    if version is None:
        yield f"{name}: the version {stated.id} of its {stated.section} is not in the catalogue"
        return
    if versions.key(version) != owner:
        yield f"{name}: its {stated.section} is not its own, but of {versions.key(version)}"
    for field in _differing(stated.values, version):
        yield f"{name}: {stated.section} {field} is not what version {stated.id} says"
    if stated.section == "electricity":
        yield from power.faults(name, stated, version.terms, held)
    if stated.section == "scarcity" and not _scarce(stated.values, version.terms):
        yield f"{name}: its scarcity factor does not follow from version {stated.id}"


def _differing(values: Mapping[str, Any], row: Any) -> Iterator[str]:
    for field, value in values.items():
        if field in OF_THE_SLOT:
            continue
        if field == "benchmark":
            yield from (f"{field} {inner}" for inner in _differing(value, row.benchmark))
        elif not _same(value, _held(field, row)):
            yield field


def _held(field: str, row: Any) -> Any:
    if field == "price" and row.price is None:
        return ownership.price_per_hour(_owned(row))
    if field == "split":
        return {"provenance": row.split_provenance.code} if row.split_provenance else ABSENT
    if field == "provenance":
        return row.provenance.code if row.provenance else ABSENT
    if field == "tariff":
        return row.tariff.code
    if field == "currency" and not hasattr(row, "currency"):
        return row.terms["currency"]
    return getattr(row, field, ABSENT)


def _same(stated: Any, held: Any) -> bool:
    """Return whether two values are equal; a decimal is stated as text."""
    if not isinstance(held, Decimal):
        return bool(stated == held)
    try:
        return Decimal(stated) == held
    except InvalidOperation:
        return False


def _owned(row: Any) -> Ownership:
    owned = ownership.of_row({part: getattr(row, part) for part in ownership.PARTS})
    assert owned is not None, "the database holds a price or all of its parts"
    return owned


def _scarce(values: Mapping[str, Any], document: object) -> bool:
    """Return whether a policy gives this factor at the load, or in the period, that is stated."""
    try:
        policy = scarcity.scarcity_from_document(document)
        if "measured" in values:
            factor = policy.curve.factor(Decimal(values["measured"]["load"]))
        else:
            factor = policy.factor_in(values["period"])
    except (LedgerError, KeyError, InvalidOperation):
        return False
    return factor == Decimal(values["factor"])


def _slot_owners(rate: SlotRate, held: Versions) -> dict[str, Key]:
    """Return, per section, what its version must be a version of."""
    inputs, deployment, site = rate.inputs, rate.deployment, rate.deployment.site
    terms = held.by_id[versions.SLOT_SECTIONS["terms"]].get(inputs["terms"]["id"])
    gpu_hour = held.by_id[versions.SLOT_SECTIONS["gpu_hour"]].get(inputs["gpu_hour"]["id"])
    electricity = held.by_id[versions.SLOT_SECTIONS["electricity"]].get(inputs["electricity"]["id"])
    return {
        "profile": (deployment.pk, rate.context_from_tokens),
        "terms": (deployment.pk,),
        "gpu_hour": (terms.gpu_hour if terms else "",),
        "pue": (site.pk,),
        # Which tariff the site buys under depends on the slot: the audit rates-in-force asks it.
        "electricity": (electricity.tariff_id if electricity else 0,),
        "green": (site.pk,),
        "carbon_location": (site.grid_zone, "location"),
        "carbon_residual": (site.grid_zone, "residual"),
        "hardware": (gpu_hour.hardware_id if gpu_hour else 0,),
        "wue": (site.pk,),
        "water": (site.grid_zone,),
        "scarcity": (terms.scarcity_policy if terms else "",),
        "scarcity/measured": (deployment.pk,),
        **{f"fx/{currency}": (currency, rate.currency) for currency in inputs["fx"]},
    }


def _slot_names(rate: SlotRate) -> Iterator[tuple[str, object, object]]:
    deployment = rate.deployment
    name = f"{deployment.provider.code}/{deployment.code}"
    yield "deployment", rate.inputs["deployment"], name
    yield "site", rate.inputs["site"], deployment.site.code
    yield "currency", rate.inputs["currency"], rate.currency
    yield "deployment's currency", deployment.currency, rate.currency


def _price_owners(rate: PriceRate) -> dict[str, Key]:
    version = rate.agreement_version
    return {
        "terms": (version.agreement_id,),
        "rate_card": (version.rate_card_id,),
        **{f"fx/{currency}": (currency, rate.currency) for currency in rate.inputs["fx"]},
    }


def _price_names(rate: PriceRate) -> Iterator[tuple[str, object, object]]:
    version = rate.agreement_version
    yield "agreement", rate.inputs["agreement"], version.agreement.code
    yield "agreement version", rate.inputs["terms"]["id"], version.pk
    yield "currency", rate.inputs["currency"], rate.currency
    yield "service tier", rate.inputs.get("service_tier", STANDARD), rate.service_tier
    yield "agreement's currency", version.currency, rate.currency
    yield "rate card's provider", version.rate_card.provider_id, version.agreement.provider_id


def _grades(name: str, rate: PriceRate, grade_of: Mapping[str, str]) -> Iterator[str]:
    """Compare the grades of a rate with those of the figures that it rests on."""
    inputs = rate.slot_rate.inputs
    if (rate.grade is None) != (rate.grade_shares is None):
        yield f"{name}: it has a grade or shares of grades, and not both"
    if rate.grade is not None and rate.grade_shares is not None:
        components = {component: getattr(rate, component) for component in grading.RESTS_ON}
        graded = grading.grades(inputs, grade_of=grade_of)
        shares = grading.millionths(components, graded=graded)
        if rate.grade_shares != shares or rate.grade != grading.overall(shares):
            yield f"{name}: its grade is {rate.grade} of {rate.grade_shares}, not of {shares}"
    least = rate.agreement_version.least_grade
    parts = grading.of_parts(inputs, grade_of=grade_of)
    worse = [part for part, grade in parts.items() if least and grading.is_worse(grade, least)]
    if worse:
        yield f"{name}: its agreement accepts {least} or better, and {', '.join(worse)} is worse"


def _unequal(name: str, pairs: Iterator[tuple[str, object, object]]) -> Iterator[str]:
    for what, one, other in pairs:
        if one != other:
            yield f"{name}: its {what} is {one}, not {other}"


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("rate-sources", "Rates took what the catalogue says", _rate_sources),
)
