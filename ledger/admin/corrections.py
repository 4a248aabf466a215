"""Corrections as operators see them: what waits and why, what was applied, and a form for more."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger import tasks
from ledger.admin.correction_forms import CorrectionForm
from ledger.admin.figures import utc
from ledger.admin.pages import PageAdmin, link, show, whole_number
from ledger.rating.identity import public_id
from ledger.tokens import TOKEN_CLASSES
from ledger.usage import corrections
from ledger.usage.correction_log import Requester
from ledger.usage.models import Correction

MAY_CORRECT = "ledger.add_correction"


@admin.register(Correction)
class CorrectionAdmin(PageAdmin[Correction]):
    """Corrections, newest first; a correction's page leads to what it took back and booked."""

    list_display = (
        *("correction", "event_id", "source", "provider", "act"),
        *("state", "lack", "recorded", "decided"),
    )
    list_display_links = None
    list_filter = ("state", "act", "lack", "provider")
    list_select_related = ("provider",)
    list_before_template = "admin/ledger/correct_link.html"
    search_fields = ("event_id__exact",)
    search_help_text = "An event's id, all of it"
    ordering = ("-id",)
    sortable_by = ()
    page_template = "admin/ledger/correction.html"
    may_correct: ClassVar[str] = MAY_CORRECT

    def get_urls(self) -> list[URLPattern]:
        """Add where an event is corrected."""
        view = self.admin_site.admin_view(self.correct_view)
        return [path("correct/", view, name="ledger_correct"), *super().get_urls()]

    @admin.display(description="correction")
    def correction(self, correction: Correction) -> SafeString:
        """Lead to the correction's page."""
        address = reverse("admin:ledger_correction_change", args=[correction.pk])
        return link(address, correction.pk)

    @admin.display(description="recorded (UTC)")
    def recorded(self, correction: Correction) -> str:
        """Show when it was asked for."""
        return utc(correction.recorded_at)

    @admin.display(description="decided (UTC)")
    def decided(self, correction: Correction) -> str:
        """Show when it was applied or refused."""
        return utc(correction.decided_at)

    def page(self, _request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """Show a correction among all those of its event."""
        correction = (
            Correction.objects.select_related(
                "provider", "requested_by_user", "requested_by_key__party"
            )
            .filter(pk=whole_number(object_id) or 0)
            .first()
        )
        if correction is None:
            return None
        others = Correction.objects.filter(provider=correction.provider_id, key=correction.key)
        counts = zip(TOKEN_CLASSES, correction.counts or (), strict=False)
        return {
            "title": f"Correction {correction.pk}",
            "correction": correction,
            "chain": chain(others.order_by("number")),
            "counts": [(name, count) for name, count in counts if count],
        }

    def correct_view(self, request: HttpRequest) -> HttpResponse:
        """Ask which event is to be corrected and how, and record that in the reader's name."""
        if not request.user.has_perm(self.may_correct):
            raise PermissionDenied
        form = CorrectionForm(request.POST or None, initial=request.GET.dict())
        if request.method == "POST" and form.is_valid():
            address = _recorded(form, request)
            if address is not None:
                return HttpResponseRedirect(address)
        context = {"title": "Correct an event", "form": form}
        return show(self, request, "admin/ledger/correct.html", context)


def _recorded(form: CorrectionForm, request: HttpRequest) -> str | None:
    """Record what the form says and return its page; None if that is refused, as the form shows."""
    assert isinstance(request.user, AbstractUser), "the admin site lets nobody else in"
    (outcome,) = corrections.record(
        provider_id=form.cleaned_data["source"].provider_id,
        asked=[form.asked()],
        by=Requester(user_id=request.user.pk),
        now=timezone.now(),
    )
    if outcome.refusal is not None:
        form.add_error(None, f"{outcome.refusal}".capitalize() + ".")
        return None
    tasks.wake_corrections()
    said = "is recorded and applied soon" if outcome.is_new else "was recorded before"
    messages.success(request, f"Correction {outcome.correction_id} {said}.")
    return reverse("admin:ledger_correction_change", args=[outcome.correction_id])


def chain(found: Any) -> list[dict[str, Any]]:
    """Return corrections of one event with the public ids of their usage entries."""
    return [
        {
            "correction": one,
            "entries": [
                (name, public_id(occurred_at=one.occurred_at, id_=id_))
                for name, id_ in (
                    ("took back", one.reversed_entry_id),
                    ("by", one.reversal_entry_id),
                    ("booked", one.replacement_entry_id),
                )
                if id_ is not None
            ],
        }
        for one in found
    ]


def correct_address(*, source_id: int, event_id: str) -> str:
    """Return where an event is corrected."""
    named = urlencode({"source": source_id, "event_id": event_id})
    return f"{reverse('admin:ledger_correct')}?{named}"
