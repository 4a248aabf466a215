"""What the words of a source stand for: its own names of consumers and deployments."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import models

from ledger.errors import LedgerError
from ledger.pricing.models import Version

LONGEST_NAME: Final = 512
MOST_BYTES: Final = 2_600
"""What a source's URI and a name may take together in UTF-8, to fit into one row of an index."""

REGION_MARK: Final = "@"


class SourceName(Version):
    """A name as a source writes it, and what it stands for from `valid_from` on.

    `source` is a source's URI as its events give it, or empty for every source of the provider:
    a source makes itself known by its first event, and may be named here before. `project` is what
    the usage was for where the event itself does not say.
    """

    class Kind(models.TextChoices):
        CONSUMER = "consumer"
        DEPLOYMENT = "deployment"

    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    source = models.TextField(default="", blank=True)
    kind = models.TextField(choices=Kind)
    name = models.TextField(blank=True)
    consumer = models.ForeignKey(
        "ledger.Party", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    deployment = models.ForeignKey(
        "ledger.Deployment", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    project = models.TextField(default="", blank=True)

    class Meta:
        db_table = "ledger_source_name"
        constraints = [
            models.UniqueConstraint(
                name="ledger_source_name_version_uniq",
                fields=["provider", "source", "kind", "name", "valid_from", "revision"],
            ),
            models.CheckConstraint(
                name="ledger_source_name_kind_known",
                condition=models.Q(kind__in=["consumer", "deployment"]),
            ),
            models.CheckConstraint(
                name="ledger_source_name_one_target",
                condition=models.Q(
                    withdrawn=True, consumer__isnull=True, deployment__isnull=True, project=""
                )
                | models.Q(
                    withdrawn=False,
                    kind="consumer",
                    consumer__isnull=False,
                    deployment__isnull=True,
                )
                | models.Q(
                    withdrawn=False,
                    kind="deployment",
                    consumer__isnull=True,
                    deployment__isnull=False,
                    project="",
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class SourceNameInvalid(LedgerError):
    """A mapping of a source's name says nothing, or too much."""

    problem = "source-name-invalid"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def check(row: Mapping[str, Any]) -> None:
    """Check a row of a catalogue document.

    :raises SourceNameInvalid: saying what to write instead.
    """
    kind, name = row.get("kind"), str(row.get("name"))
    if kind not in SourceName.Kind.values:
        raise SourceNameInvalid(f"kind {kind!r} is neither consumer nor deployment")
    targets = {one for one in ("consumer", "deployment", "project") if row.get(one)}
    if row.get("withdrawn"):
        if targets:
            raise SourceNameInvalid(f"a withdrawn name has no {min(targets)}: leave it out")
    elif kind not in targets:
        raise SourceNameInvalid(f"names no {kind}: say which, or that it is withdrawn")
    elif not targets <= {kind, *(["project"] if kind == "consumer" else [])}:
        raise SourceNameInvalid(f"the name of a {kind} leads to a {kind} and nothing else")
    _check_length(source=str(row.get("source") or ""), name=name)
    for target in targets:
        _check_length(source="", name=str(row[target]))


def _check_length(*, source: str, name: str) -> None:
    encoded = (source + name).encode(errors="ignore")
    if len(name) > LONGEST_NAME or len(encoded) > MOST_BYTES:
        raise SourceNameInvalid(
            f"a name has at most {LONGEST_NAME} characters, and {MOST_BYTES} bytes with its source"
        )
    if "\x00" in name or encoded.decode() != source + name:
        raise SourceNameInvalid("a name is text without U+0000 and without halves of characters")


def provides(row: Mapping[str, Any]) -> str:
    """Return the word by which a set-aside event misses the name."""
    if row["kind"] == SourceName.Kind.CONSUMER:
        return f"consumer:{row['name']}"
    return f"deployment:{row['provider']}/{row['name']}"


def named_by(missing: str, *, provider: str, reason: str) -> tuple[str, str] | None:
    """Return the kind and the name that a set-aside event of a provider misses, if it does.

    >>> named_by("deployment:west/gpt-4o", provider="west", reason="unknown_deployment")
    ('deployment', 'gpt-4o')
    """
    for kind, prefix in (("consumer", "consumer:"), ("deployment", f"deployment:{provider}/")):
        if reason == f"unknown_{kind}" and missing.startswith(prefix):
            return kind, missing.removeprefix(prefix)
    return None


def without_region(name: str) -> str | None:
    """Return the model's part of a deployment's name that is written model@region, if it is.

    >>> without_region("gpt-4o@eastus"), without_region("gpt-4o"), without_region("claude@2@us")
    ('gpt-4o', None, 'claude@2')
    """
    model, mark, _ = name.rpartition(REGION_MARK)
    return model if mark and model else None
