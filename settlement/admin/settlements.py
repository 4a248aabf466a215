"""Settlements as operators read them, and the button by which a second person approves one."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.figures import utc
from ledger.admin.pages import OPERATOR, PageAdmin, link, whole_number
from ledger.errors import LedgerError
from settlement.clearing import approvals, true_ups, working
from settlement.clearing.models import Settlement
from settlement.statements import reading


@admin.register(Settlement)
class SettlementAdmin(PageAdmin[Settlement]):
    """Settlements, newest first; a settlement's page lists what everybody owes."""

    list_display = (
        *("number", "month", "currency", "state", "made_by"),
        *("calculated", "approved", "approved_by"),
    )
    list_display_links = None
    list_filter = ("state", "currency")
    list_select_related = ("made_by", "approval__checker")
    search_fields = ("pk__exact",)
    search_help_text = "A settlement's number"
    ordering = ("-id",)
    page_template = "admin/settlement/settlement.html"
    may_approve: ClassVar[str] = "settlement.add_approval"

    def get_urls(self) -> list[URLPattern]:
        """Add what approves."""
        view = self.admin_site.admin_view(self.approve_view)
        name = "settlement_settlement_approve"
        return [path("<int:settlement_id>/approve/", view, name=name), *super().get_urls()]

    @admin.display(description="settlement", ordering="id")
    def number(self, settlement: Settlement) -> SafeString:
        """Lead to the settlement's page."""
        return link(
            reverse("admin:settlement_settlement_change", args=[settlement.pk]), settlement.pk
        )

    @admin.display(description="month", ordering="starts_on")
    def month(self, settlement: Settlement) -> str:
        """Name its month."""
        return f"{settlement.starts_on:%Y-%m}"

    @admin.display(description="calculated (UTC)", ordering="calculated_at")
    def calculated(self, settlement: Settlement) -> str:
        """Show when it was calculated."""
        return utc(settlement.calculated_at)

    @admin.display(description="approved (UTC)", empty_value="")
    def approved(self, settlement: Settlement) -> str:
        """Show when it was approved."""
        return utc(settlement.approval.approved_at) if hasattr(settlement, "approval") else ""

    @admin.display(description="approved by", empty_value="")
    def approved_by(self, settlement: Settlement) -> str:
        """Name who approved it."""
        if not hasattr(settlement, "approval"):
            return ""
        return str(settlement.approval.checker.get_username())

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show positions and set-offs, and say what the reader may do.

        :raises NoSuchSettlement: if there is none.
        """
        detail = reading.settlement(OPERATOR, settlement_id=whole_number(object_id) or 0)
        settlement = detail.settlement
        return {
            "title": f"Settlement {settlement.id}",
            "settlement": settlement,
            "positions": detail.positions,
            "nettings": detail.nettings,
            "true_ups": [
                (one, [(working.sentence(row), Decimal(row["amount"])) for row in one.working])
                for one in true_ups.booked(starts_on=settlement.starts_on)
                if one.currency == settlement.currency
            ],
            "is_open": settlement.state == Settlement.State.CALCULATED,
            "is_maker": settlement.made_by == request.user.get_username(),
            "may_approve": request.user.has_perm(self.may_approve),
        }

    def approve_view(self, request: HttpRequest, settlement_id: int) -> HttpResponse:
        """Approve in the reader's name, and say what came of it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(self.may_approve):
            raise PermissionDenied
        assert isinstance(request.user, AbstractUser), "the admin site lets nobody else in"
        try:
            approvals.approve(settlement_id=settlement_id, user=request.user, now=timezone.now())
        except LedgerError as error:
            messages.error(request, f"{error}".capitalize() + ".")
        else:
            messages.success(request, f"Settlement {settlement_id} is approved and posted.")
        address = reverse("admin:settlement_settlement_change", args=[settlement_id])
        return HttpResponseRedirect(address)
