"""How scarce accelerators are: policies, and loads that were published."""

from django.db import models

from ledger.pricing.models import columns
from ledger.pricing.models.publications import Version


class ScarcityPolicy(Version):
    """A curve from load to factor, and the loads that are expected when; as `scarcity.py` reads."""

    code = models.TextField()
    terms = models.JSONField()

    class Meta:
        db_table = "ledger_scarcity_policy"
        verbose_name_plural = "scarcity policies"
        constraints = [columns.versions_of("scarcity_policy", "code")]


class DeploymentLoad(Version):
    """The load of a deployment from a moment on, from 0 to 1; withdrawn, its calendar holds."""

    deployment = models.ForeignKey("ledger.Deployment", on_delete=models.PROTECT, related_name="+")
    load = columns.figure()

    class Meta:
        db_table = "ledger_deployment_load"
        constraints = [columns.versions_of("deployment_load", "deployment")]
