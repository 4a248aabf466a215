"""Re-ratings as operators see them: what would change, and the button of a second person."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger import tasks
from ledger.admin.figures import minute, utc
from ledger.admin.pages import OPERATOR, PageAdmin, link, show, whole_number
from ledger.errors import LedgerError
from ledger.rating.rerating import approvals, preview, reading, scope
from ledger.rating.rerating.approvals import MOST_OF_REASON
from ledger.rating.rerating.models import Rerating
from ledger.rating.rerating.scope import Scope

LINES_SHOWN: Final = 500
DAY: Final = "A date, such as 2026-10-01, which begins at midnight UTC, or with a time, 08:15."
FEES: Final = ("fee_provider", "fee_consumer")
DECISIONS: Final = {"approve": approvals.approve, "withdraw": approvals.withdraw}


class ScopeForm(forms.Form):
    """Whose usage of which time, and why it is to be re-rated; what stays empty means all."""

    starts_at = forms.DateTimeField(label="From (UTC)", help_text=DAY)
    ends_at = forms.DateTimeField(label="To (UTC)", help_text="The first instant after it.")
    provider = forms.CharField(required=False, help_text="A provider's code; of all otherwise.")
    consumer = forms.CharField(required=False, help_text="A consumer's code; of all otherwise.")
    deployment = forms.CharField(required=False, help_text="One of the provider's deployments.")
    reason = forms.CharField(
        required=False, max_length=MOST_OF_REASON, help_text="Shown to provider and consumer."
    )

    def scope(self) -> Scope:
        """Return what the form says.

        :raises ReratingScopeInvalid: if that is no scope.
        """
        said = self.cleaned_data
        return scope.named(
            starts_at=said["starts_at"].replace(tzinfo=UTC),
            ends_at=said["ends_at"].replace(tzinfo=UTC),
            **{part: said[part] or None for part in ("provider", "consumer", "deployment")},
        )


@admin.register(Rerating)
class ReratingAdmin(PageAdmin[Rerating]):
    """Re-ratings, newest first; a run's page shows what it changes, and how far it is."""

    list_display = (
        *("number", "state", "begins", "ends", "provider", "consumer"),
        *("entries", "asked_by", "asked", "approved_by", "reason"),
    )
    list_display_links = None
    list_filter = ("state",)
    list_select_related = ("provider", "consumer", "asked_by", "approved_by")
    list_before_template = "admin/ledger/rerate_link.html"
    ordering = ("-id",)
    sortable_by = ()
    page_template = "admin/ledger/rerating.html"
    may_propose: ClassVar[str] = "ledger.add_rerating"
    may_approve: ClassVar[str] = "ledger.approve_rerating"

    def get_urls(self) -> list[URLPattern]:
        """Add where a run is proposed and decided on."""
        site = self.admin_site
        return [
            path("propose/", site.admin_view(self.propose_view), name="ledger_rerate"),
            path(
                "<int:rerating_id>/decide/<str:decision>/",
                site.admin_view(self.decide_view),
                name="ledger_rerating_decide",
            ),
            *super().get_urls(),
        ]

    @admin.display(description="re-rating")
    def number(self, rerating: Rerating) -> SafeString:
        """Lead to the run's page."""
        return link(_address(rerating.pk), rerating.pk)

    @admin.display(description="from (UTC)")
    def begins(self, rerating: Rerating) -> str:
        """Show where its usage begins."""
        return minute(rerating.starts_at)

    @admin.display(description="to (UTC)")
    def ends(self, rerating: Rerating) -> str:
        """Show where its usage ends."""
        return minute(rerating.ends_at)

    @admin.display(description="asked (UTC)")
    def asked(self, rerating: Rerating) -> str:
        """Show when it was proposed."""
        return utc(rerating.asked_at)

    @admin.display(description="usage entries")
    def entries(self, rerating: Rerating) -> str:
        """Show how many usage entries it was proposed for."""
        return f"{rerating.preview['entries']:,}"

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show what it changes, and say what the reader may do.

        :raises NoSuchRerating: if there is none.
        """
        found = reading.rerating(OPERATOR, rerating_id=whole_number(object_id) or 0)
        run = found.line
        return {
            "title": f"Re-rating {run.id}",
            "run": run,
            "digest": found.digest.hex(),
            "is_proposed": run.state == Rerating.State.PROPOSED,
            "is_open": run.state in (Rerating.State.PROPOSED, Rerating.State.APPROVED),
            "is_proposer": run.asked_by == request.user.get_username(),
            "may_approve": request.user.has_perm(self.may_approve),
            "may_withdraw": request.user.has_perm(self.may_propose),
            **shown(found.preview),
        }

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a scope; show what re-rating it changes, or propose that in the reader's name."""
        if not request.user.has_perm(self.may_propose):
            raise PermissionDenied
        assert isinstance(request.user, AbstractUser), "the admin site lets nobody else in"
        form = ScopeForm(request.POST or None)
        context: dict[str, Any] = {"title": "Re-rate usage", "form": form}
        if request.method == "POST" and form.is_valid():
            try:
                if "submit" in request.POST:
                    run = approvals.propose(
                        form.scope(),
                        reason=form.cleaned_data["reason"],
                        user=request.user,
                        now=timezone.now(),
                    )
                    messages.success(request, f"Re-rating {run.pk} is proposed.")
                    return HttpResponseRedirect(_address(run.pk))
                context |= shown(preview.of(form.scope(), now=timezone.now()).document)
            except LedgerError as refused:
                form.add_error(None, f"{refused}".capitalize() + ".")
        return show(self, request, "admin/ledger/rerate.html", context)

    def decide_view(self, request: HttpRequest, rerating_id: int, decision: str) -> HttpResponse:
        """Approve or withdraw in the reader's name, and say what came of it."""
        if request.method != "POST" or decision not in DECISIONS:
            return HttpResponseNotAllowed(["POST"])
        needed = self.may_approve if decision == "approve" else self.may_propose
        if not request.user.has_perm(needed):
            raise PermissionDenied
        assert isinstance(request.user, AbstractUser), "the admin site lets nobody else in"
        try:
            run = DECISIONS[decision](rerating_id, user=request.user, now=timezone.now())
        except LedgerError as error:
            messages.error(request, f"{error}".capitalize() + ".")
        else:
            tasks.wake_reratings()
            soon = ", and applied soon" if decision == "approve" else ""
            messages.success(request, f"Re-rating {run.pk} is {run.state}{soon}.")
        return HttpResponseRedirect(_address(rerating_id))


def shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template shows of a dry run: lines with differences, and their sums."""
    lines = [_line(line) for line in document["lines"]]
    return {
        "dry_run": document,
        "lines": lines[:LINES_SHOWN],
        "lines_left_out": max(len(lines) - LINES_SHOWN, 0),
        "sums": _sums(lines),
    }


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    before = {name: int(value) for name, value in line["before"].items()}
    after = {name: int(value) for name, value in line["after"].items()}
    return {
        **line,
        "before": before,
        "after": after,
        "difference": {name: after[name] - before[name] for name in before},
        "fee": sum(after[name] - before[name] for name in FEES),
    }


def _sums(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return lines added up by currency, in the form of a line."""
    sums: dict[str, dict[str, Any]] = {}
    for line in lines:
        of_currency = sums.setdefault(
            line["currency"],
            {"currency": line["currency"], "entries": 0, "tokens": 0, "fee": 0}
            | {side: dict.fromkeys(line[side], 0) for side in ("before", "after", "difference")},
        )
        for count in ("entries", "tokens", "fee"):
            of_currency[count] += line[count]
        for side in ("before", "after", "difference"):
            for name, amount in line[side].items():
                of_currency[side][name] += amount
    return [sums[currency] for currency in sorted(sums)]


def _address(rerating_id: int) -> str:
    return reverse("admin:ledger_rerating_change", args=[rerating_id])
