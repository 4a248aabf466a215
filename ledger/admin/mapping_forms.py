"""Two forms for a mapping: which word of which source is meant, and what it stands for."""

from typing import Any, Final

from django import forms

from ledger.parties.models import Deployment, Party, Source
from ledger.parties.sources import SourceLine
from ledger.pricing.mapping import NamesInvalid, Wanted
from ledger.pricing.models import Agreement
from ledger.pricing.source_names import LONGEST_NAME, SourceName, without_region

NOTHING: Final = "nothing"
CODE: Final = "code:"

Choices = list[tuple[str, str]]


class _SourceChoice(forms.ModelChoiceField[Source]):
    def label_from_instance(self, obj: Source) -> str:
        """Name the source with whose it is."""
        return f"{obj.uri} ({obj.provider.code})"


class Word(forms.Form):
    """A word, as one source writes it."""

    source = _SourceChoice(
        Source.objects.select_related("provider").order_by("provider__code", "uri")
    )
    kind = forms.ChoiceField(
        choices=[(SourceName.Kind.CONSUMER, "consumer"), (SourceName.Kind.DEPLOYMENT, "deployment")]
    )
    name = forms.CharField(
        max_length=LONGEST_NAME,
        strip=False,
        required=False,
        help_text="As the source writes it; empty for events that name none.",
    )


class Meaning(forms.Form):
    """What a word stands for, and from when on."""

    word = forms.ChoiceField(label="Name", widget=forms.RadioSelect)
    target = forms.ChoiceField(label="Stands for")
    project = forms.CharField(
        max_length=LONGEST_NAME,
        required=False,
        help_text="Kept with events that name no project themselves.",
    )
    every_source = forms.BooleanField(required=False)
    valid_from = forms.DateTimeField(
        required=False,
        label="Valid from (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "900"}),
        help_text="A quarter hour. Left empty: from the beginning for a name that stood for "
        "nothing until now, otherwise from the next quarter hour.",
    )

    def __init__(self, data: Any, *, source: SourceLine, kind: str, name: str) -> None:
        super().__init__(data)
        self.kind = kind
        self.words = _words(kind, name)
        self._choose("word", [(str(at), said) for at, (_, said) in enumerate(self.words)])
        self.initial["word"] = "0"
        self._choose("target", _targets(kind, source))
        self.fields["every_source"].label = f"For every source of {source.provider}"
        if len(self.words) == 1:
            del self.fields["word"]
        if kind != SourceName.Kind.CONSUMER:
            del self.fields["project"]

    def wanted(self) -> Wanted:
        """Return the mapping that the form describes."""
        said = self.cleaned_data
        target: str = said["target"]
        return Wanted(
            kind=self.kind,
            name=self.words[int(said.get("word", 0))][0],
            target=None if target == NOTHING else target.removeprefix(CODE),
            project=said.get("project", ""),
            valid_from=said["valid_from"],
            every_source=said["every_source"],
        )

    def refuse(self, invalid: NamesInvalid) -> None:
        """Show why the mapping is refused, beside the field that it is refused for."""
        for fault in invalid.errors:
            field = fault["pointer"].rpartition("/")[2]
            self.add_error(field if field in self.fields else None, fault["detail"])

    def _choose(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField), "it was declared as one"
        field.choices = choices


def _words(kind: str, name: str) -> list[tuple[str, str]]:
    """Return what may be mapped of a name, and how that is said: with its region and without."""
    model = without_region(name) if kind == SourceName.Kind.DEPLOYMENT else None
    if model is None:
        return [(name, name)]
    return [(name, name), (model, f"{model}, whatever its region")]


def _targets(kind: str, source: SourceLine) -> Choices:
    """Return what a name may stand for: of consumers, those with an agreement first."""
    first: Choices = [("", "choose …")]
    last: Choices = [(NOTHING, "nothing any more")]
    if kind == SourceName.Kind.DEPLOYMENT:
        deployments = Deployment.objects.filter(provider_id=source.provider_id).order_by("code")
        return [*first, *((f"{CODE}{one.code}", _deployment(one)) for one in deployments), *last]
    consumers = Party.objects.filter(kind__in=[Party.Kind.CONSUMER, Party.Kind.BOTH])
    agreed = set(
        Agreement.objects.filter(provider_id=source.provider_id).values_list(
            "consumer_id", flat=True
        )
    )
    ordered = sorted(consumers, key=lambda one: (one.pk not in agreed, one.code))
    return [
        *first,
        *((f"{CODE}{one.code}", _consumer(one, agreed=one.pk in agreed)) for one in ordered),
        *last,
    ]


def _deployment(one: Deployment) -> str:
    return one.code if one.model == one.code else f"{one.code}: {one.model}"


def _consumer(one: Party, *, agreed: bool) -> str:
    return f"{one.code}: {one.name}{'' if agreed else ' (no agreement)'}"
