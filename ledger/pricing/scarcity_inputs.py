"""Which scarcity holds for a deployment in a slot: its policy's, or that of a published load."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.parties.models import Deployment
from ledger.pricing import day_periods, inputs, tariff
from ledger.pricing.models import DeploymentLoad, DeploymentTerms, ScarcityPolicy
from ledger.pricing.published import Lack, Published
from ledger.pricing.scarcity import ALWAYS


def of_slot(
    published: Published, *, deployment: Deployment, terms: DeploymentTerms, slot: int
) -> dict[str, Any] | Lack:
    """Return the section `scarcity` of a slot rate's inputs; empty where the terms state a factor.

    A load that was published for the deployment stands in place of the calendar's.
    """
    if terms.scarcity_policy is None:
        return {}
    at = tariff.slot_starts_at(slot)
    policy = published.in_force(ScarcityPolicy, (terms.scarcity_policy,), at)
    if policy is None:
        return Lack("no_scarcity_policy", f"scarcity:{terms.scarcity_policy}")
    found = _at(published, policy, deployment, slot=slot, at=at)
    return found if isinstance(found, Lack) else {"scarcity": found}


def _at(
    published: Published, policy: Any, deployment: Deployment, *, slot: int, at: datetime
) -> dict[str, Any] | Lack:
    read, calendar = published.scarcity_terms[policy.id]
    values = inputs.values_of(policy, "code", "terms")
    load = published.in_force(DeploymentLoad, (deployment.id,), at)
    if load is not None:
        factor = read.curve.factor(load.load)
        measured = inputs.values_of(load, "load")
        return {**values, "measured": measured, "factor": inputs.text(factor)}
    period = ALWAYS
    if calendar is not None:
        try:
            period = day_periods.period_at(calendar, slot=slot, calendars=published.calendars)
        except tariff.NoCalendarYear as error:
            return Lack("no_calendar", f"calendar:{calendar.holiday_calendar}/{error.year}")
    expected: Decimal = read.factor_in(period)
    return {**values, "period": period, "factor": inputs.text(expected)}
