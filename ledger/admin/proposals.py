"""Proposals as operators see them: what would move prices, and the button of a second person."""

import json
from collections.abc import Mapping
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
from ledger.admin.figures import utc
from ledger.admin.pages import PageAdmin, link, show, whole_number
from ledger.errors import LedgerError
from ledger.pricing import catalogue
from ledger.pricing.catalogue import DocumentInvalid
from ledger.pricing.models import Proposal
from ledger.pricing.publishing import proposals, reading
from ledger.pricing.publishing.changes import reaches_back_to
from ledger.pricing.publishing.proposals import Preview, Submitted

MOST_BYTES: Final = 16 * 1024 * 1024


class DocumentForm(forms.Form):
    """A catalogue document, as a file or as text, and why it is published."""

    file = forms.FileField(required=False, help_text="A catalogue document in YAML or JSON.")
    text = forms.CharField(
        required=False,
        label="Or as text",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )
    note = forms.CharField(required=False, max_length=500, help_text="Why; kept with it.")

    def clean(self) -> dict[str, Any]:
        """Read the document, from the file if there is one."""
        said = super().clean() or {}
        file = said.get("file")
        if file is not None and file.size > MOST_BYTES:
            raise forms.ValidationError(f"The file holds more than {MOST_BYTES:,} bytes.")
        try:
            text = file.read().decode() if file is not None else said.get("text", "")
            said["document"] = catalogue.document_from_text(text)
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is not text in UTF-8.") from error
        except DocumentInvalid as invalid:
            raise forms.ValidationError(faults(invalid)) from invalid
        if file is not None:
            # What was looked at can then be published without choosing the file again.
            self.data = {"text": text, "note": said.get("note", "")}
        return said


@admin.register(Proposal)
class ProposalAdmin(PageAdmin[Proposal]):
    """Proposals, newest first; a proposal's page shows what it changes."""

    list_display = (
        *("number", "state", "proposed", "proposed_by", "note"),
        *("decided", "decided_by", "publication"),
    )
    list_display_links = None
    list_filter = ("state",)
    list_select_related = ("proposed_by", "decided_by", "publication")
    list_before_template = "admin/ledger/propose_link.html"
    ordering = ("-id",)
    sortable_by = ()
    page_template = "admin/ledger/proposal.html"
    may_propose: ClassVar[str] = "ledger.add_proposal"
    may_decide: ClassVar[str] = "ledger.change_proposal"

    def get_urls(self) -> list[URLPattern]:
        """Add where a document is proposed and decided on."""
        site = self.admin_site
        return [
            path("propose/", site.admin_view(self.propose_view), name="ledger_propose"),
            path(
                "<int:proposal_id>/decide/<str:decision>/",
                site.admin_view(self.decide_view),
                name="ledger_proposal_decide",
            ),
            *super().get_urls(),
        ]

    @admin.display(description="proposal")
    def number(self, proposal: Proposal) -> SafeString:
        """Lead to the proposal's page."""
        return link(_address(proposal.pk), proposal.pk)

    @admin.display(description="proposed (UTC)")
    def proposed(self, proposal: Proposal) -> str:
        """Show when it was made."""
        return utc(proposal.proposed_at)

    @admin.display(description="decided (UTC)")
    def decided(self, proposal: Proposal) -> str:
        """Show when it was published or refused."""
        return utc(proposal.decided_at)

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show what it changes, and say what the reader may do.

        :raises NoSuchProposal: if there is none.
        """
        proposal = reading.proposal(whole_number(object_id) or 0)
        return {
            "title": f"Proposal {proposal.pk}",
            "proposal": proposal,
            "document": json.dumps(proposal.document, indent=2, ensure_ascii=False),
            **shown(proposal.changes, proposal.effects),
            "reaches_back_to": reaches_back_to(proposal.changes, now=timezone.now()),
            "is_open": proposal.state == Proposal.State.OPEN,
            "is_proposer": proposal.proposed_by_id == request.user.pk,
            "may_decide": request.user.has_perm(self.may_decide),
            "may_refuse": request.user.has_perm(self.may_decide)
            or proposal.proposed_by_id == request.user.pk,
        }

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        """Take a document; show what it would do, or publish or propose it in the reader's name."""
        if not request.user.has_perm(self.may_propose):
            raise PermissionDenied
        form = DocumentForm(request.POST or None, request.FILES or None)
        context: dict[str, Any] = {"title": "Publish a document", "form": form}
        if request.method == "POST" and form.is_valid():
            try:
                if "submit" in request.POST:
                    return HttpResponseRedirect(_submit(form, request))
                context |= seen(
                    proposals.preview(form.cleaned_data["document"], now=timezone.now())
                )
            except LedgerError as refused:
                text = faults(refused) if isinstance(refused, DocumentInvalid) else f"{refused}"
                form.add_error(None, text)
        return show(self, request, "admin/ledger/propose.html", context)

    def decide_view(self, request: HttpRequest, proposal_id: int, decision: str) -> HttpResponse:
        """Publish or refuse in the reader's name, and say what came of it."""
        if request.method != "POST" or decision not in ("approve", "refuse"):
            return HttpResponseNotAllowed(["POST"])
        assert isinstance(request.user, AbstractUser), "the admin site lets nobody else in"
        may = request.user.has_perm(self.may_decide)
        own = Proposal.objects.filter(pk=proposal_id, proposed_by_id=request.user.pk).exists()
        if not may and not (decision == "refuse" and own):
            raise PermissionDenied
        decide = proposals.approve if decision == "approve" else proposals.refuse
        try:
            done = decide(proposal_id=proposal_id, user=request.user, now=timezone.now())
        except LedgerError as error:
            messages.error(request, f"{error}".capitalize() + ".")
        else:
            tasks.wake_set_aside()
            messages.success(request, f"Proposal {proposal_id} is {done.state}.")
        return HttpResponseRedirect(_address(proposal_id))


def _submit(form: DocumentForm, request: HttpRequest) -> str:
    """Publish or propose the form's document, and return the page that shows it.

    :raises DocumentInvalid: naming every faulty row.
    """
    assert isinstance(request.user, AbstractUser), "the admin site lets nobody else in"
    done = proposals.submit(
        form.cleaned_data["document"],
        user=request.user,
        note=form.cleaned_data["note"],
        now=timezone.now(),
    )
    messages.success(request, _said(done))
    if done.proposal_id is not None:
        return _address(done.proposal_id)
    tasks.wake_set_aside()
    return reverse("admin:ledger_publication_changelist")


def _said(done: Submitted) -> str:
    if done.proposal_id is not None:
        return f"Prices would move: proposal {done.proposal_id} waits for another person."
    if done.publication_id is None:
        return "Everything in it is published already."
    return f"Publication {done.publication_id} is in force."


def seen(preview: Preview) -> dict[str, Any]:
    """Return what a page shows of a preview."""
    return {
        "preview": preview,
        **shown(
            [change.as_data() for change in preview.changes],
            [effect.as_data() for effect in preview.effects],
        ),
    }


def shown(changes: list[dict[str, Any]], effects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what moves prices apart from what is new, which is only counted."""
    new: dict[str, int] = {}
    for change in changes:
        if not change["moves_prices"]:
            new[change["section"]] = new.get(change["section"], 0) + 1
    return {
        "moving": [change for change in changes if change["moves_prices"]],
        "new": sorted(new.items()),
        "effects": effects,
    }


def faults(invalid: DocumentInvalid) -> list[str]:
    """Return the faults of a document, a sentence each."""
    return [f"{fault.pointer}: {fault.detail}" for fault in invalid.errors]


def _address(proposal_id: int) -> str:
    return reverse("admin:ledger_proposal_change", args=[proposal_id])
