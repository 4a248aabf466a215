"""Standards of deployments, scarcity policies and published loads as operators read them."""

from django.contrib import admin
from django.utils.safestring import SafeString

from ledger.admin.catalogue import VERSION_COLUMNS, VersionAdmin
from ledger.admin.figures import exact
from ledger.pricing.models import DeploymentLoad, DeploymentTerms, ScarcityPolicy


@admin.register(DeploymentTerms)
class DeploymentTermsAdmin(VersionAdmin[DeploymentTerms]):
    """The standards deployments are costed at."""

    list_display = (
        *("deployment", "gpu_hour", "utilisation", "scarcity", "gpu_count"),
        *VERSION_COLUMNS,
    )
    decimals = ("utilisation",)
    list_filter = ("deployment",)

    @admin.display(description="scarcity")
    def scarcity(self, terms: DeploymentTerms) -> str | SafeString:
        """Show the factor, or name the policy."""
        if terms.scarcity_factor is None:
            return str(terms.scarcity_policy)
        return exact(terms.scarcity_factor)


@admin.register(ScarcityPolicy)
class ScarcityPolicyAdmin(VersionAdmin[ScarcityPolicy]):
    """Curves from load to factor, and the loads expected when."""

    list_display = ("code", *VERSION_COLUMNS)


@admin.register(DeploymentLoad)
class DeploymentLoadAdmin(VersionAdmin[DeploymentLoad]):
    """Loads that stand in place of the calendar's."""

    list_display = ("deployment", "load", *VERSION_COLUMNS)
    decimals = ("load",)
    list_filter = ("deployment",)
