"""What every published figure carries: who published it, where it comes from, when it holds."""

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
