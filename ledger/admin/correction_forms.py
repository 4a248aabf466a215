"""The form by which an operator voids or amends an event."""

from typing import Any, Final

import rfc8785
from django import forms

from ledger.parties.models import Source
from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.corrections import Asked
from ledger.usage.formats.decoding import LARGEST_ATTRIBUTES_BYTES, LONGEST_NAME
from ledger.usage.models import Correction
from ledger.usage.stated import Stated

NAMES: Final = ("consumer", "project", "deployment")
STATUSES: Final = ("complete", "partial", "cancelled", "failed")
LONGEST_REASON: Final = 2_000


class _SourceChoice(forms.ModelChoiceField[Source]):
    def label_from_instance(self, obj: Source) -> str:
        """Name the source with whose it is."""
        return f"{obj.uri} ({obj.provider.code})"


class CorrectionForm(forms.Form):
    """An event, what is to be done with it, and why; what stays empty stays as the event has it."""

    source = _SourceChoice(
        Source.objects.select_related("provider").order_by("provider__code", "uri")
    )
    event_id = forms.CharField(max_length=LONGEST_NAME, strip=False, label="Event")
    act = forms.ChoiceField(
        choices=[
            (Correction.Act.VOID, "void: take it back, for good"),
            (Correction.Act.AMEND, "amend: state something of it anew"),
        ]
    )
    reason = forms.CharField(max_length=LONGEST_REASON, help_text="Shown to provider and consumer.")
    consumer = forms.CharField(max_length=LONGEST_NAME, required=False)
    project = forms.CharField(max_length=LONGEST_NAME, required=False)
    deployment = forms.CharField(max_length=LONGEST_NAME, required=False)
    status = forms.ChoiceField(
        choices=[("", "as it is"), *((one, one) for one in STATUSES)], required=False
    )
    attributes = forms.JSONField(required=False, help_text="A JSON object; {} takes them away.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TOKEN_CLASSES:
            self.fields[name] = forms.IntegerField(
                min_value=0, max_value=LARGEST_COUNT, required=False
            )
        self.fields[TOKEN_CLASSES[0]].help_text = "Where one class is given, the others are zero."

    def clean_attributes(self) -> Any:
        """Take only what canonical JSON can carry."""
        attributes = self.cleaned_data["attributes"]
        if attributes is None:
            return None
        if not isinstance(attributes, dict):
            raise forms.ValidationError("This is no JSON object.")
        try:
            size = len(rfc8785.dumps(attributes))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if size > LARGEST_ATTRIBUTES_BYTES or "\\u0000" in rfc8785.dumps(attributes).decode():
            raise forms.ValidationError("At most 8 KiB of JSON without NUL characters.")
        return attributes

    def clean(self) -> dict[str, Any]:
        """See that a void states nothing, and an amendment something."""
        cleaned = super().clean() or {}
        stated = self._stated(cleaned)
        if cleaned.get("act") == Correction.Act.VOID and stated.is_anything:
            raise forms.ValidationError("A void takes everything back: leave the rest empty.")
        if cleaned.get("act") == Correction.Act.AMEND and not stated.is_anything:
            raise forms.ValidationError("Say what is to be amended.")
        return cleaned

    def asked(self) -> Asked:
        """Return the correction that is asked for."""
        cleaned = self.cleaned_data
        return Asked(
            0,
            cleaned["act"],
            cleaned["event_id"],
            cleaned["reason"],
            cleaned["source"].uri,
            self._stated(cleaned),
        )

    def _stated(self, cleaned: dict[str, Any]) -> Stated:
        counts = [cleaned.get(name) for name in TOKEN_CLASSES]
        given = any(count is not None for count in counts)
        return Stated(
            **{name: cleaned.get(name) or None for name in (*NAMES, "status")},
            counts=tuple(count or 0 for count in counts) if given else None,
            attributes=cleaned.get("attributes"),
        )
