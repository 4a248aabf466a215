"""The forms of quotes and comparisons: what usage, where it is served, under which terms, when."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django import forms

from ledger import service_tiers
from ledger.parties.models import Deployment
from ledger.pricing.models import Agreement, RateCard, Site
from ledger.pricing.quoting.wanted import DEFAULT_SAVING, Fault, Line, Wanted
from ledger.rating import whatif
from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES

AGREEMENT: Final = "agreement:"
CARD: Final = "card:"
DAY: Final = "day"
HOUR: Final = "moment"
MOST_REQUESTS: Final = 10**9
HOURS_SHIFTED: Final = range(-12, 13)

Choices = list[tuple[str, str]]


class _DeploymentChoice(forms.ModelChoiceField[Deployment]):
    def label_from_instance(self, obj: Deployment) -> str:
        """Name the deployment with its provider and its model."""
        return f"{obj.provider.code}/{obj.code}: {obj.model}, {obj.site.code}"


def _deployments() -> Any:
    return Deployment.objects.select_related("provider", "site").order_by("provider__code", "code")


class QuoteForm(forms.Form):
    """Usage that may never be."""

    deployment = _DeploymentChoice(Deployment.objects.none())
    terms = forms.ChoiceField()
    at = forms.DateTimeField(
        required=False,
        label="When (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "900"}),
        help_text="Empty: now.",
    )
    over = forms.ChoiceField(
        label="Over",
        choices=[(HOUR, "this quarter hour"), (DAY, "each hour of that day at the site")],
    )
    input = forms.IntegerField(min_value=0, max_value=LARGEST_COUNT)
    cache_read = forms.IntegerField(min_value=0, max_value=LARGEST_COUNT)
    output = forms.IntegerField(min_value=0, max_value=LARGEST_COUNT)
    requests = forms.IntegerField(min_value=1, max_value=MOST_REQUESTS)
    service_tier = forms.ChoiceField(choices=[(one, one) for one in service_tiers.KNOWN])
    save_percent = forms.DecimalField(
        min_value=Decimal("0.01"), max_value=Decimal("99.99"), decimal_places=2, label="To save, %"
    )

    DEFAULTS: Final = {
        "over": HOUR,
        "input": 800,
        "cache_read": 1_200,
        "output": 500,
        "requests": 1_000,
        "service_tier": service_tiers.STANDARD,
        "save_percent": DEFAULT_SAVING,
    }

    def __init__(self, data: Any) -> None:
        super().__init__(data, initial=self.DEFAULTS)
        deployment, terms = self.fields["deployment"], self.fields["terms"]
        assert isinstance(deployment, forms.ModelChoiceField), "it was declared as one"
        assert isinstance(terms, forms.ChoiceField), "it was declared as one"
        deployment.queryset = _deployments()
        terms.choices = _terms()

    def wanted(self, *, now: datetime) -> Wanted:
        """Return the question that the form asks."""
        said = self.cleaned_data
        deployment, terms = said["deployment"], said["terms"]
        at = (said["at"] or now).astimezone(UTC)
        by_day = said["over"] == DAY
        return Wanted(
            lines=[Line([said.get(name, 0) for name in TOKEN_CLASSES], said["requests"])],
            deployments=[f"{deployment.provider.code}/{deployment.code}"],
            agreement=terms.removeprefix(AGREEMENT) if terms.startswith(AGREEMENT) else None,
            rate_card=terms.rpartition("/")[2] if terms.startswith(CARD) else None,
            at=None if by_day else at,
            day=at.date() if by_day else None,
            save_percent=said["save_percent"],
            service_tier=said["service_tier"],
        )

    def refuse(self, faults: list[dict[str, Any]]) -> None:
        """Show why the question has no answer, beside the field where it stands."""
        for one in (Fault(**fault) for fault in faults):
            field = one.pointer.removeprefix("#/").partition("/")[0]
            known = {"agreement": "terms", "rate_card": "terms", "deployments": "deployment"}
            self.add_error(known.get(field), one.detail)


class WhatIfForm(forms.Form):
    """Past usage, and where and when it might have been instead."""

    from_date = forms.DateField(
        required=False, label="From (UTC)", widget=forms.DateInput(attrs={"type": "date"})
    )
    to_date = forms.DateField(
        required=False,
        label="To, not included",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: one day.",
    )
    deployment = forms.ChoiceField(required=False)
    consumer = forms.ChoiceField(required=False)
    site = forms.ChoiceField(required=False)
    shift_hours = forms.TypedChoiceField(
        required=False,
        coerce=int,
        label="Moved by",
        choices=[
            ("", "nothing"),
            *((str(hours), f"{hours:+d} h") for hours in HOURS_SHIFTED if hours),
        ],
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        known = {"deployment": _codes(), "consumer": _consumers(), "site": _sites()}
        for name, choices in known.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField), "it was declared as one"
            field.choices = choices

    def wanted(self) -> whatif.Wanted:
        """Return the comparison that the form asks for."""
        said = self.cleaned_data
        return whatif.Wanted(
            from_date=said["from_date"],
            to_date=said["to_date"],
            consumer=said["consumer"] or None,
            deployment=said["deployment"] or None,
            site=said["site"] or None,
            shift_minutes=(said["shift_hours"] or 0) * 60,
        )

    def refuse(self, refused: whatif.WhatIfRefused) -> None:
        """Show why it cannot be made, beside the field where it stands."""
        known = {"from": "from_date", "to": "to_date"}
        field = known.get(refused.parameter, refused.parameter)
        self.add_error(field if field in self.fields else None, str(refused))


def _terms() -> Choices:
    agreements = Agreement.objects.select_related("provider", "consumer").order_by("code")
    cards = RateCard.objects.select_related("provider").order_by("provider__code", "code")
    under = [
        (f"{AGREEMENT}{one.code}", f"{one.code} (with {one.consumer.code})") for one in agreements
    ]
    named = [f"{one.provider.code}/{one.code}" for one in cards]
    return [*under, *((f"{CARD}{name}", f"rate card {name}") for name in named)]


def _codes() -> Choices:
    named = [f"{one.provider.code}/{one.code}" for one in _deployments()]
    return [("", "every deployment"), *((name, name) for name in named)]


def _consumers() -> Choices:
    codes = Agreement.objects.order_by("consumer__code").values_list("consumer__code", flat=True)
    return [("", "every consumer"), *((code, code) for code in dict.fromkeys(codes))]


def _sites() -> Choices:
    return [("", "every site"), *((one.code, one.name) for one in Site.objects.order_by("code"))]
