"""Who takes part and where they serve: parties, their keys, sources and deployments."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Party(models.Model):
    """A legal person in the books: provider, consumer, both, or the platform itself."""

    class Kind(models.TextChoices):
        PROVIDER = "provider"
        CONSUMER = "consumer"
        BOTH = "both"
        PLATFORM = "platform"

    code = models.TextField(unique=True)
    name = models.TextField()
    kind = models.TextField(choices=Kind)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "parties"
        constraints = [
            models.CheckConstraint(
                name="ledger_party_code_form",
                condition=models.Q(code__regex=r"^[a-z0-9][a-z0-9-]{0,62}$"),
            ),
            models.CheckConstraint(
                name="ledger_party_kind_known",
                condition=models.Q(kind__in=["provider", "consumer", "both", "platform"]),
            ),
            models.UniqueConstraint(
                name="ledger_party_platform_single",
                fields=["kind"],
                condition=models.Q(kind="platform"),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class NetworkField(models.Field[str, str]):
    """A network in CIDR notation, in PostgreSQL's own type, which refuses what is none."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django's signature
        """Return the type of the column."""
        return "cidr"


class ApiKey(models.Model):
    """A secret that a party's machine presents; only its SHA-256 is stored.

    `user` is the person on whose behalf the key acts: approvals need one. It may post usage of its
    `sources` and be used from its `networks`; where there are none, of and from any. With a
    signing secret, which lies here sealed, it signs what it posts.
    """

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.TextField()
    prefix = models.TextField(unique=True)
    secret_hash = models.BinaryField(unique=True)
    scopes = ArrayField(models.TextField())
    sources = ArrayField(models.TextField(), null=True, blank=True)
    networks = ArrayField(NetworkField(), null=True, blank=True)
    requests_per_minute = models.IntegerField(null=True, blank=True)
    signing_secret = models.BinaryField(null=True)
    previous_signing_secret = models.BinaryField(null=True)
    signing_secret_issued_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "ledger_api_key"
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                name="ledger_api_key_sources_not_empty",
                condition=models.Q(sources=None) | models.Q(sources__len__gt=0),
            ),
            models.CheckConstraint(
                name="ledger_api_key_networks_not_empty",
                condition=models.Q(networks=None) | models.Q(networks__len__gt=0),
            ),
            models.CheckConstraint(
                name="ledger_api_key_requests_per_minute_range",
                condition=models.Q(requests_per_minute__range=(1, 100_000)),
            ),
            models.CheckConstraint(
                name="ledger_api_key_signing_secret_whole",
                condition=models.Q(
                    signing_secret=None,
                    previous_signing_secret=None,
                    signing_secret_issued_at=None,
                )
                | models.Q(signing_secret__isnull=False, signing_secret_issued_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class RequestAllowance(models.Model):
    """How far a key has spent its requests: nanoseconds since 1970, at most a minute from now.

    The table is unlogged, since counting costs little so and a crash may forget a minute of it.
    """

    api_key = models.OneToOneField(
        ApiKey, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    spent_until = models.BigIntegerField()

    class Meta:
        db_table = "ledger_request_allowance"

    def __str__(self) -> str:
        return f"allowance of key {self.pk}"


class SignedRequest(models.Model):
    """A signed request that was received, kept for as long as its signature would hold."""

    pk = models.CompositePrimaryKey("api_key_id", "webhook_id", "signed_at")
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    webhook_id = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_signed_request"
        indexes = [models.Index(name="ledger_signed_request_time", fields=["signed_at"])]

    def __str__(self) -> str:
        return self.webhook_id


class Source(models.Model):
    """An emitter of usage events at a provider, named as its events name it."""

    provider = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    uri = models.TextField()
    accepts_from = models.DateTimeField()
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_source_provider_uri_uniq", fields=["provider", "uri"]
            )
        ]

    def __str__(self) -> str:
        return self.uri


class Deployment(models.Model):
    """One model served by one provider on one kind of hardware at one site.

    `currency` is the one its rates are compiled in.
    """

    provider = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    code = models.TextField()
    model = models.TextField()
    site = models.ForeignKey("ledger.Site", on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_deployment_provider_code_uniq", fields=["provider", "code"]
            )
        ]

    def __str__(self) -> str:
        return self.code
