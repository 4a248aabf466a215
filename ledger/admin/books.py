"""The general journal as operators read it: accounts, entries, periods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import DecimalField, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from ledger.admin.figures import amount, unit, utc
from ledger.admin.pages import OPERATOR, PAGE_ROWS, PageAdmin, ReadOnlyAdmin, link, whole_number
from ledger.books import reading
from ledger.books.models import (
    AMOUNT_DECIMALS,
    AMOUNT_DIGITS,
    Account,
    Balance,
    JournalEntry,
    Period,
)
from ledger.parties.models import Party
from ledger.rating import reading as usage
from ledger.rating.archive.records import MonthArchived


@dataclass(frozen=True, slots=True)
class Total:
    """Both sides of an entry in one commodity."""

    commodity: str
    debits: Decimal
    credits: Decimal

    @property
    def difference(self) -> Decimal:
        """Return what the sides differ by: zero."""
        return self.debits - self.credits


@admin.register(Account)
class AccountAdmin(PageAdmin[Account]):
    """Accounts with their balances; an account's page lists its postings."""

    list_display = ("account", "owner", "balance", "commodity_unit")
    list_display_links = None
    list_filter = ("commodity", "purpose")
    search_fields = ("code",)
    search_help_text = "Part of an account's code"
    ordering = ("code",)
    page_template = "admin/ledger/account.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """Give each account its balance, summed from the counters of its days."""
        turnover = (
            Balance.objects.filter(account=OuterRef("pk"))
            .order_by()
            .values("account")
            .annotate(balance=Sum(F("debits") - F("credits")))
            .values("balance")
        )
        amounts: DecimalField[Decimal, Decimal] = DecimalField(
            max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS
        )
        return (
            super()
            .get_queryset(request)
            .select_related("party")
            .annotate(current=Coalesce(Subquery(turnover), Decimal(0), output_field=amounts))
        )

    @admin.display(description="account", ordering="code")
    def account(self, account: Account) -> SafeString:
        """Lead to the account's page."""
        return link(reverse("admin:ledger_account_change", args=[account.code]), account.code)

    @admin.display(description="owner", ordering="party__code", empty_value="no party's")
    def owner(self, account: Account) -> str | None:
        """Name the party, if the account is a party's."""
        return account.party.code if account.party else None

    @admin.display(description="balance (debit positive)")
    def balance(self, account: Account) -> SafeString:
        """Show debits less credits."""
        current: Decimal = account.current  # type: ignore[attr-defined] # annotated above
        return amount(current, account.commodity)

    @admin.display(description="unit", ordering="commodity")
    def commodity_unit(self, account: Account) -> str:
        """Say what the balance counts."""
        return unit(account.commodity)

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show an account by its code, or by the id that other pages of the admin know.

        :raises NoSuchAccount: if there is none.
        """
        code = object_id
        if (id_ := whole_number(object_id)) is not None:
            code = Account.objects.filter(pk=id_).values_list("code", flat=True).first() or code
        as_of = _day(request.GET.get("as_of"))
        balance = reading.balance(OPERATOR, code=code, as_of=as_of)
        before = whole_number(request.GET.get("before"))
        _, postings = reading.postings(OPERATOR, code=code, before=before, limit=PAGE_ROWS + 1)
        return {
            "title": code,
            "balance": balance,
            "as_of": as_of,
            "postings": postings[:PAGE_ROWS],
            "next": postings[PAGE_ROWS - 1].id if len(postings) > PAGE_ROWS else None,
            "before": before,
        }


@admin.register(JournalEntry)
class JournalEntryAdmin(PageAdmin[JournalEntry]):
    """Journal entries, newest first; an entry's page lists its postings and what it books."""

    list_display = ("number", "accounting_date", "kind", "agreement", "narrative", "recorded")
    list_display_links = None
    list_filter = ("kind",)
    list_select_related = ("agreement",)
    search_fields = ("reference__exact", "pk__exact")
    search_help_text = "An entry's number or reference"
    ordering = ("-id",)
    sortable_by = ("number",)
    page_template = "admin/ledger/journal_entry.html"

    @admin.display(description="entry", ordering="id")
    def number(self, entry: JournalEntry) -> SafeString:
        """Lead to the entry's page."""
        return link(reverse("admin:ledger_journalentry_change", args=[entry.pk]), entry.pk)

    @admin.display(description="recorded (UTC)")
    def recorded(self, entry: JournalEntry) -> str:
        """Show when it was written."""
        return utc(entry.recorded_at)

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show both sides of an entry, and the usage entries that add up to it.

        :raises NoSuchEntry: if there is none.
        """
        entry = reading.entry(OPERATOR, entry_id=whole_number(object_id) or 0)
        after = whole_number(request.GET.get("after"))
        lines, archived = _usage(entry.id, after=after)
        return {
            "title": f"Entry {entry.id}",
            "entry": entry,
            "totals": _totals(entry.postings),
            "lines": lines[:PAGE_ROWS],
            "archived": archived,
            "next": lines[PAGE_ROWS - 1].id if len(lines) > PAGE_ROWS else None,
            "after": after,
        }


@admin.register(Period)
class PeriodAdmin(ReadOnlyAdmin[Period]):
    """The months of each agreement, open or closed."""

    list_display = ("agreement", "starts_on", "ends_on", "state", "closed", "closed_by")
    list_display_links = None
    list_filter = ("state",)
    list_select_related = ("agreement", "closed_by")
    search_fields = ("agreement__code",)
    search_help_text = "Part of an agreement's code"
    ordering = ("-starts_on", "agreement__code")

    @admin.display(description="closed (UTC)")
    def closed(self, period: Period) -> str:
        """Show when it was closed."""
        return utc(period.closed_at)


def accounts_of(party: Party) -> QuerySet[Account]:
    """Return a party's accounts with their balances as `current`."""
    every = AccountAdmin(Account, admin.site).get_queryset(HttpRequest())
    return every.filter(party=party).order_by("code")


def _usage(entry_id: int, *, after: int | None) -> tuple[list[usage.UsageLine], str]:
    """Return the usage entries behind an entry, or where they are if they are not here."""
    try:
        lines = usage.usage_of_entry(OPERATOR, entry_id=entry_id, after=after, limit=PAGE_ROWS + 1)
    except MonthArchived as archived:
        return [], str(archived)
    return lines, ""


def _totals(postings: Sequence[reading.EntryPosting]) -> list[Total]:
    """Add up each side per commodity."""
    return [
        Total(
            commodity=commodity,
            debits=sum((one for one in amounts if one > 0), Decimal(0)),
            credits=-sum((one for one in amounts if one < 0), Decimal(0)),
        )
        for commodity in sorted({one.commodity for one in postings})
        if (amounts := [one.amount for one in postings if one.commodity == commodity])
    ]


def _day(text: str | None) -> date | None:
    """Read a date from the address; what is none counts as absent."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
