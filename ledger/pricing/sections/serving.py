"""Sections of what a token takes on a deployment, and the standards it is costed at."""

from typing import Final

from ledger.parties.models import Deployment
from ledger.pricing import bounds, profile
from ledger.pricing.bounds import InvalidCostInput
from ledger.pricing.models import Benchmark, DeploymentTerms, ServingProfile
from ledger.pricing.sections import section
from ledger.pricing.sections.section import Row, Section


def _check_profile(row: Row) -> None:
    profile.check_profile(row)


def _check_terms(row: Row) -> None:
    """Refuse standards that are out of range, or that state two scarcities or none."""
    section.within(utilisation=bounds.busy_fraction)(row)
    factor, policy = row.get("scarcity_factor"), row.get("scarcity_policy")
    if (factor is None) == (policy is None):
        raise InvalidCostInput("scarcity_factor", factor, "a factor, or a scarcity_policy")
    if factor is not None:
        section.within(scarcity_factor=bounds.at_least_one)(row)
    if row.get("gpu_count") is not None:
        section.within(gpu_count=bounds.positive)(row)


SECTIONS: Final[tuple[Section, ...]] = (
    Section(
        "benchmarks",
        Benchmark,
        ("code",),
        section.nothing,
        {
            "hardware": ("hardware",),
            "provenance": ("provenance",),
            "split_provenance": ("split_provenance",),
        },
        section.within(
            joules_per_output_token=bounds.positive,
            output_tokens_per_second=bounds.positive,
            mean_output_tokens=bounds.positive,
            mean_input_tokens=bounds.not_negative,
            decode_to_prefill=bounds.positive,
            cached_to_prefill=bounds.fraction,
        ),
    ),
    Section(
        "deployments",
        Deployment,
        ("provider", "code"),
        lambda row: f"deployment:{row['provider']}/{row['code']}",
        {"provider": ("provider",), "site": ("site",)},
    ),
    Section(
        "serving_profiles",
        ServingProfile,
        ("deployment", "context_from_tokens"),
        lambda row: f"profile:{row['provider']}/{row['deployment']}",
        {
            "deployment": ("provider", "deployment"),
            "benchmark": ("benchmark",),
            "provenance": ("provenance",),
        },
        _check_profile,
        priced_before=("deployment",),  # a context band divides what another one priced
    ),
    Section(
        "deployment_terms",
        DeploymentTerms,
        ("deployment",),
        lambda row: f"terms:{row['provider']}/{row['deployment']}",
        {"deployment": ("provider", "deployment"), "provenance": ("provenance",)},
        _check_terms,
        unpriced=("gpu_count",),
    ),
)
