"""Whether the figures behind a price are as good as an agreement asks for."""

from collections.abc import Mapping
from typing import Any

from ledger.pricing import grading
from ledger.pricing.models import AgreementVersion
from ledger.pricing.published import Lack, Published


def refused(
    published: Published, slot: Mapping[str, Any], *, agreement: AgreementVersion
) -> Lack | None:
    """Return what a better figure is missing for, if the agreement refuses one of a slot rate's.

    `missing` names the worst; `detail` names all that are refused.
    """
    least = agreement.least_grade
    if least is None:
        return None
    found = grading.of_parts(slot, grade_of=published.grade_of)
    worse = {part: grade for part, grade in found.items() if grading.is_worse(grade, least)}
    if not worse:
        return None
    worst = max(worse, key=lambda part: grading.WEAKEST_LAST.index(worse[part]))
    reason = "illustrative_input" if worse[worst] == grading.UNKNOWN else "grade_too_low"
    detail = ", ".join(f"{part} is of grade {grade}" for part, grade in worse.items())
    return Lack(reason, _missing(slot, worst), f"{detail}; the agreement accepts {least} or better")


def _missing(slot: Mapping[str, Any], part: str) -> str:
    """Return what would have to be published: the key under which a publication provides it."""
    section = slot[part]
    match part:
        case "profile" | "terms":
            return f"{part}:{slot['deployment']}"
        case "gpu_hour" | "scarcity":
            return f"{part}:{section['code']}"
        case "electricity":
            return f"tariff_version:{section['tariff']}"
        case _:
            return f"{part}:{slot['site']}"
