"""The form by which an operator books what a utility billed a site."""

from collections.abc import Sequence
from typing import Any

from django import forms

from ledger.energy.bills import LONGEST_DOCUMENT, StatedBill
from ledger.quantities import MINOR_UNIT_DIGITS


class BillForm(forms.Form):
    """A bill of one month or of a part of it."""

    document = forms.CharField(
        max_length=LONGEST_DOCUMENT, help_text="The bill's number: it is booked once."
    )
    starts_on = forms.DateField(
        label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label="Day after the last",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    kwh = forms.DecimalField(max_digits=18, decimal_places=6, label="kWh")
    amount = forms.DecimalField(
        max_digits=18, decimal_places=6, help_text="Negative for a credit note."
    )
    currency = forms.ChoiceField(choices=[(one, one) for one in sorted(MINOR_UNIT_DIGITS)])
    provider = forms.ChoiceField(help_text="Who runs the site.")

    def __init__(self, *args: Any, providers: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"] = forms.ChoiceField(
            choices=[(code, code) for code in providers], help_text="Who runs the site."
        )
        self.fields["currency"].initial = "CNY"

    def stated(self, site: str) -> StatedBill:
        """Return the bill that the form states."""
        return StatedBill(site=site, **self.cleaned_data)
