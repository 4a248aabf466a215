"""What every published figure carries: who published it, where it comes from, when it holds."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Publication(models.Model):
    """One act of publishing; its id is the catalogue's revision.

    `provides` names what came with it, in the words in which set-aside events name what they miss.
    """

    published_at = models.DateTimeField()
    published_by = models.TextField()
    note = models.TextField(default="", blank=True)
    document_sha256 = models.TextField()
    provides = ArrayField(models.TextField())

    def __str__(self) -> str:
        return f"publication {self.pk}"


class Proposal(models.Model):
    """A document that would move prices: a second person publishes it, or it is refused.

    `changes` is what it would change and `effects` what that does to prices, as both were when it
    was proposed.
    """

    class State(models.TextChoices):
        OPEN = "open"
        PUBLISHED = "published"
        REFUSED = "refused"

    document = models.JSONField()
    document_sha256 = models.TextField()
    note = models.TextField(default="", blank=True)
    changes = models.JSONField()
    changes_sha256 = models.TextField()
    effects = models.JSONField()
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    state = models.TextField(choices=State, default=State.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    publication = models.OneToOneField(
        Publication, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_proposal_document_open_uniq",
                fields=["document_sha256"],
                condition=models.Q(state="open"),
            ),
            models.CheckConstraint(
                name="ledger_proposal_second_person",
                condition=~models.Q(state="published")
                | ~models.Q(decided_by=models.F("proposed_by")),
            ),
            models.CheckConstraint(
                name="ledger_proposal_decision_whole",
                condition=models.Q(
                    state="open",
                    decided_at__isnull=True,
                    decided_by__isnull=True,
                    publication__isnull=True,
                )
                | models.Q(
                    state="refused",
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                    publication__isnull=True,
                )
                | models.Q(
                    state="published",
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                    publication__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk}"


class Provenance(models.Model):
    """Where a figure comes from, and how far it can be trusted."""

    class Grade(models.TextChoices):
        OFFICIAL = "O"
        MEASURED = "M"
        POLICY = "P"
        DERIVED = "D"
        ILLUSTRATIVE = "I"

    code = models.TextField(unique=True)
    grade = models.TextField(choices=Grade)
    source = models.TextField()
    document = models.TextField(default="", blank=True)
    url = models.TextField(default="", blank=True)
    retrieved_on = models.DateField(null=True)
    licence = models.TextField(default="", blank=True)
    note = models.TextField(default="", blank=True)

    def __str__(self) -> str:
        return f"{self.code} ({self.grade})"


class Version(models.Model):
    """What every catalogue version carries: it holds from `valid_from` until the next begins.

    Of versions with one `valid_from` the highest revision holds; a withdrawn one ends the series.
    """

    valid_from = models.DateTimeField()
    revision = models.IntegerField()
    withdrawn = models.BooleanField(default=False)
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+")
    provenance = models.ForeignKey(
        Provenance, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} from {self.valid_from:%Y-%m-%d %H:%M} UTC"
