"""Sections of how scarce accelerators are."""

from typing import Final

from ledger.pricing import bounds, scarcity
from ledger.pricing.models import DeploymentLoad, ScarcityPolicy
from ledger.pricing.sections import section
from ledger.pricing.sections.section import Row, Section


def _check_policy(row: Row) -> None:
    scarcity.scarcity_from_document(row["terms"])
    scarcity.calendar_from_document(row["terms"])


SECTIONS: Final[tuple[Section, ...]] = (
    Section(
        "scarcity_policies",
        ScarcityPolicy,
        ("code",),
        lambda row: f"scarcity:{row['code']}",
        {"provenance": ("provenance",)},
        _check_policy,
    ),
    Section(
        "deployment_loads",
        DeploymentLoad,
        ("deployment",),
        lambda row: f"load:{row['provider']}/{row['deployment']}",
        {"deployment": ("provider", "deployment"), "provenance": ("provenance",)},
        section.within(load=bounds.fraction),
        priced_before=(),  # without it, the policy's own calendar says the load
    ),
)
