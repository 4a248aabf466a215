"""Sites by month: metered against booked, certificates against what was booked as green."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin import spans
from ledger.admin.catalogue import CatalogueAdmin
from ledger.admin.energy_forms import BillForm
from ledger.admin.figures import utc
from ledger.admin.pages import OPERATOR, ReadOnlyAdmin, allowed, gone, link, show
from ledger.admin.spans import Span
from ledger.energy import bills, green, month_end, reading, sites
from ledger.energy.models import EnergyBill, EnergyTrueUp, MeterReading
from ledger.energy.sites import MeteredSite
from ledger.errors import LedgerError
from ledger.periods import parse_month
from ledger.pricing.models import CertificateLot
from ledger.rating import rollups
from ledger.rating.archive.records import MonthArchived


@admin.register(MeterReading)
class MeterReadingAdmin(ReadOnlyAdmin[MeterReading]):
    """Readings as they were recorded, every revision of them."""

    list_display = ("site", "kind", "starts", "ends", "revision", "quantity", "grade", "source")
    list_display_links = None
    list_filter = ("kind", "site")
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description="from (UTC)")
    def starts(self, row: MeterReading) -> str:
        """Show where the interval begins."""
        return utc(row.starts_at)

    @admin.display(description="to (UTC)")
    def ends(self, row: MeterReading) -> str:
        """Show where the interval ends."""
        return utc(row.ends_at)


@admin.register(EnergyBill)
class EnergyBillAdmin(ReadOnlyAdmin[EnergyBill]):
    """Bills as they are booked; each leads to its journal entry."""

    list_display = (
        *("document", "site", "provider", "starts_on", "ends_on"),
        *("kwh", "amount", "currency", "entry"),
    )
    list_display_links = None
    list_filter = ("site", "provider")
    search_fields = ("document__exact",)
    search_help_text = "A bill's number, all of it"
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description="entry")
    def entry(self, bill: EnergyBill) -> SafeString:
        """Lead to the entry."""
        where = reverse("admin:ledger_journalentry_change", args=[bill.journal_entry_id])
        return link(where, bill.journal_entry_id)


@admin.register(CertificateLot)
class CertificateLotAdmin(CatalogueAdmin[CertificateLot]):
    """Lots of certificates as they are published; what is left stands on their sites' pages."""

    list_display = (
        *("code", "kind", "provider", "zone", "technology", "vintage"),
        *("watt_hours", "price_per_mwh", "currency"),
    )
    decimals = ("price_per_mwh",)
    list_filter = ("kind", "provider")
    search_fields = ("code",)


@admin.register(EnergyTrueUp)
class EnergyAdmin(ReadOnlyAdmin[EnergyTrueUp]):
    """True-ups, and beside them what every site's month comes to."""

    list_display = ("site", "month", "run", "facility_kwh", "entry", "recorded", "recorded_by")
    list_display_links = None
    list_filter = ("site",)
    ordering = ("-id",)
    sortable_by = ()
    may_run: ClassVar[str] = "ledger.add_energytrueup"
    may_bill: ClassVar[str] = "ledger.add_energybill"

    def get_urls(self) -> list[URLPattern]:
        """Add the grid of all sites, a site's page, and where a bill is booked."""
        views = (
            ("sites/", self.sites_view, "ledger_energy"),
            ("sites/<str:code>/", self.site_view, "ledger_site_energy"),
            ("sites/<str:code>/bill/", self.bill_view, "ledger_energy_bill"),
        )
        ours = [
            path(where, self.admin_site.admin_view(view), name=name) for where, view, name in views
        ]
        return [*ours, *super().get_urls()]

    @admin.display(description="month")
    def month(self, row: EnergyTrueUp) -> SafeString:
        """Lead to the site's page of the month."""
        where = reverse("admin:ledger_site_energy", args=[row.site.code])
        return link(f"{where}?span={row.starts_on:%Y-%m}", f"{row.starts_on:%Y-%m}")

    @admin.display(description="entry")
    def entry(self, row: EnergyTrueUp) -> SafeString | str:
        """Lead to the entry."""
        if row.journal_entry_id is None:
            return "nothing new"
        where = reverse("admin:ledger_journalentry_change", args=[row.journal_entry_id])
        return link(where, row.journal_entry_id)

    @admin.display(description="recorded (UTC)")
    def recorded(self, row: EnergyTrueUp) -> str:
        """Show when it was run."""
        return utc(row.recorded_at)

    def sites_view(self, request: HttpRequest) -> HttpResponse:
        """Show a month of every site."""
        allowed(self, request)
        span = _span(request)
        told = reading.reports(sites.sites(OPERATOR), starts_on=parse_month(span.name)[0])
        context = {"title": "Energy by site", "span": span, "reports": told}
        return show(self, request, "admin/ledger/energy_sites.html", context)

    def site_view(self, request: HttpRequest, code: str) -> HttpResponse:
        """Show a month of a site; bring its books up to it if that is asked for."""
        allowed(self, request)
        try:
            site = sites.site(OPERATOR, code=code)
        except LedgerError:
            return gone(self, request, code, why="there is no such site")
        span = _span(request)
        if request.method == "POST":
            if not request.user.has_perm(self.may_run):
                raise PermissionDenied
            return _brought_up(request, site, span)
        context = {
            **_page(site, span),
            "may_run": request.user.has_perm(self.may_run),
            "may_bill": request.user.has_perm(self.may_bill),
        }
        return show(self, request, "admin/ledger/energy_site.html", context)

    def bill_view(self, request: HttpRequest, code: str) -> HttpResponse:
        """Ask what a utility billed a site, and book that in the reader's name."""
        if not request.user.has_perm(self.may_bill):
            raise PermissionDenied
        try:
            site = sites.site(OPERATOR, code=code)
        except LedgerError:
            return gone(self, request, code, why="there is no such site")
        form = BillForm(request.POST or None, providers=site.providers)
        if request.method == "POST" and form.is_valid():
            try:
                booked = bills.book(
                    OPERATOR, form.stated(site.code), by=_name(request), now=timezone.now()
                )
            except LedgerError as error:
                form.add_error(None, f"{error}".capitalize() + ".")
            else:
                said = f"Bill {booked.document} is in journal entry {booked.journal_entry_id}."
                messages.success(request, said)
                return _to_site(site, f"{booked.starts_on:%Y-%m}")
        context = {"title": f"Book a bill of {site.code}", "site": site, "form": form}
        return show(self, request, "admin/ledger/energy_bill.html", context)


def _page(site: MeteredSite, span: Span) -> Mapping[str, Any]:
    """Return what a site's page shows of a month; of an archived one only the energy."""
    starts_on = parse_month(span.name)[0]
    (told,) = reading.reports([site], starts_on=starts_on)
    try:
        certified, away = green.of_site(site, OPERATOR, starts_on=starts_on), ""
    except MonthArchived as archived:
        certified, away = None, str(archived)
    return {
        "title": f"{site.code} in {span.name}",
        "site": site,
        "span": span,
        "told": told,
        "green": certified,
        "away": away,
    }


def _brought_up(request: HttpRequest, site: MeteredSite, span: Span) -> HttpResponse:
    """True up the month of a site, cancel its certificates, and say what came of both."""
    starts_on, by, now = parse_month(span.name)[0], _name(request), timezone.now()
    for done in (
        *month_end.true_up(starts_on=starts_on, site=site.code, by=by, now=now),
        *month_end.cancel(starts_on=starts_on, site=site.code, by=by, now=now),
    ):
        tell = messages.warning if done.refused else messages.success
        tell(request, done.said)
    return _to_site(site, span.name)


def _to_site(site: MeteredSite, month: str) -> HttpResponse:
    where = reverse("admin:ledger_site_energy", args=[site.code])
    return HttpResponseRedirect(f"{where}?span={month}")


def _name(request: HttpRequest) -> str:
    assert isinstance(request.user, AbstractUser), "the admin site lets nobody else in"
    return request.user.get_username()


def _span(request: HttpRequest) -> Span:
    """Return the month named in the address, else that of the newest usage."""
    asked = spans.asked_for(request, latest=rollups.latest_hour(), now=timezone.now())
    return spans.month(asked.starts_at.date())
