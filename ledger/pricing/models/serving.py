"""What a token takes on a deployment, and the standards that a deployment is costed at."""

from django.db import models

from ledger.pricing.models import columns
from ledger.pricing.models.publications import Provenance, Version
from ledger.pricing.models.supply import Hardware


class Benchmark(models.Model):
    """A measured serving run of a model on hardware, from which profiles are split.

    How it is divided (mean input, decode to prefill, cached to prefill) is seldom measured with
    it: `split_provenance` says where that comes from, if not from the run's own source.
    """

    code = models.TextField(unique=True)
    model = models.TextField()
    hardware = models.ForeignKey(Hardware, on_delete=models.PROTECT, related_name="+")
    gpu_count = models.IntegerField()
    joules_per_output_token = columns.figure()
    output_tokens_per_second = columns.figure()
    mean_output_tokens = columns.figure()
    mean_input_tokens = columns.figure()
    decode_to_prefill = columns.figure()
    cached_to_prefill = columns.figure()
    provenance = models.ForeignKey(Provenance, on_delete=models.PROTECT, related_name="+")
    split_provenance = models.ForeignKey(
        Provenance, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    def __str__(self) -> str:
        return self.code


class ServingProfile(Version):
    """What a token takes on a deployment, from `context_from_tokens` prompt tokens up.

    Either a benchmark that is split, or the six measured figures per token in `figures`.
    """

    deployment = models.ForeignKey("ledger.Deployment", on_delete=models.PROTECT, related_name="+")
    context_from_tokens = models.BigIntegerField(default=0)
    benchmark = models.ForeignKey(
        Benchmark, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    figures = models.JSONField(null=True, blank=True)
    boundary = models.TextField()
    host_watts_per_gpu = columns.figure_or_none()
    idle_watts_per_gpu = columns.figure_or_none()

    class Meta:
        db_table = "ledger_serving_profile"
        constraints = [
            columns.versions_of("serving_profile", "deployment", "context_from_tokens"),
            models.CheckConstraint(
                name="ledger_serving_profile_one_origin",
                condition=models.Q(benchmark__isnull=False, figures__isnull=True)
                | models.Q(benchmark__isnull=True, figures__isnull=False),
            ),
            models.CheckConstraint(
                name="ledger_serving_profile_gpu_has_watts",
                condition=~models.Q(boundary="gpu")
                | models.Q(host_watts_per_gpu__isnull=False, idle_watts_per_gpu__isnull=False),
            ),
        ]


class DeploymentTerms(Version):
    """The standards a deployment is costed at: GPU-hour, utilisation, and a scarcity.

    The scarcity is a factor, or the code of a policy. `gpu_count` is how many GPUs stand ready for
    the deployment; no price is made from it.
    """

    deployment = models.ForeignKey("ledger.Deployment", on_delete=models.PROTECT, related_name="+")
    gpu_hour = models.TextField()
    utilisation = columns.figure()
    scarcity_factor = columns.figure_or_none()
    scarcity_policy = models.TextField(null=True, blank=True)
    gpu_count = models.IntegerField(null=True, blank=True)

    class Meta:
        db_table = "ledger_deployment_terms"
        verbose_name_plural = "deployment terms"
        constraints = [
            columns.versions_of("deployment_terms", "deployment"),
            models.CheckConstraint(
                name="ledger_deployment_terms_one_scarcity",
                condition=models.Q(scarcity_factor__isnull=False, scarcity_policy__isnull=True)
                | models.Q(scarcity_factor__isnull=True, scarcity_policy__isnull=False),
            ),
            models.CheckConstraint(
                name="ledger_deployment_terms_gpu_count_positive",
                condition=models.Q(gpu_count__gt=0),
            ),
        ]
