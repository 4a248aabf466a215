"""Utility bills: booked once by site and document, and read beside what usage was charged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction

from ledger.books import journal
from ledger.books.entries import Draft
from ledger.books.models import JournalEntry
from ledger.energy import sites
from ledger.energy.months import SiteMonth
from ledger.energy.variances import Billed
from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer
from ledger.periods import month_of
from ledger.quantities import MINOR_UNIT_DIGITS, UnknownCurrency, round_half_even

FIND: Final = """
    SELECT bill.id, site.code, provider.code, bill.document, bill.starts_on, bill.ends_on,
           bill.kwh, bill.amount, bill.currency, bill.journal_entry_id, bill.recorded_at,
           bill.recorded_by
    FROM ledger_energy_bill bill
    JOIN ledger_site site ON site.id = bill.site_id
    JOIN ledger_party provider ON provider.id = bill.provider_id
"""
BY_DOCUMENT: Final = f"{FIND} WHERE bill.site_id = %(site)s AND bill.document = %(document)s"
LISTED: Final = f"""
    {FIND}
    WHERE bill.site_id = ANY(%(sites)s)
      AND (%(sees_all)s OR bill.provider_id = %(party)s)
      AND (%(before)s::bigint IS NULL OR bill.id < %(before)s)
    ORDER BY bill.id DESC
    LIMIT %(limit)s
"""
OF_MONTHS: Final = f"""
    {FIND}
    JOIN unnest(%(sites)s::bigint[], %(starts)s::date[], %(ends)s::date[])
         AS span (site_id, starts_on, ends_on)
        ON bill.site_id = span.site_id
       AND bill.starts_on >= span.starts_on AND bill.ends_on <= span.ends_on
    ORDER BY bill.id
"""
INSERT: Final = """
    INSERT INTO ledger_energy_bill
        (site_id, provider_id, document, starts_on, ends_on, kwh, amount, currency,
         journal_entry_id, recorded_at, recorded_by)
    SELECT %(site)s, provider.id, %(document)s, %(starts_on)s, %(ends_on)s, %(kwh)s, %(amount)s,
           %(currency)s, %(entry)s, %(now)s, %(by)s
    FROM ledger_party provider
    WHERE provider.code = %(provider)s
    RETURNING id
"""
LONGEST_DOCUMENT: Final = 100
QUANTITY_DIGITS: Final = 6
LARGEST: Final = 10**12


class EnergyBillInvalid(LedgerError):
    """A bill's figures or period cannot be."""

    problem = "energy-bill-invalid"

    def __init__(self, field: str, expected: str) -> None:
        self.field = field
        self.expected = expected
        super().__init__(f"{field} must be {expected}; nothing was booked")


class EnergyBillDiffers(LedgerError):
    """The document was booked with other figures: a bill is corrected by another document."""

    problem = "energy-bill-differs"

    def __init__(self, site: str, document: str) -> None:
        self.site = site
        self.document = document
        super().__init__(
            f"document {document!r} of {site} is booked with other figures; book the utility's"
            " correction under its own number"
        )


@dataclass(frozen=True, slots=True)
class StatedBill:
    """A utility's bill of a site for starts_on <= day < ends_on; a credit note is negative.

    `provider` is who runs the site; it may be left out where only one serves there.
    """

    site: str
    provider: str | None
    document: str
    starts_on: date
    ends_on: date
    kwh: Decimal
    amount: Decimal
    currency: str

    def check(self) -> None:
        """Refuse what no bill can say.

        :raises EnergyBillInvalid, UnknownCurrency: naming the field.
        """
        if self.currency not in MINOR_UNIT_DIGITS:
            raise UnknownCurrency(self.currency)
        if not 0 < len(self.document) <= LONGEST_DOCUMENT or "\x00" in self.document:
            raise EnergyBillInvalid("document", f"1 to {LONGEST_DOCUMENT} characters")
        one_month = month_of(self.starts_on) == month_of(self.ends_on - timedelta(days=1))
        if not self.starts_on < self.ends_on or not one_month:
            raise EnergyBillInvalid("ends_on", "later than starts_on, and within its month")
        for name, value, digits in (
            ("kwh", self.kwh, QUANTITY_DIGITS),
            ("amount", self.amount, QUANTITY_DIGITS),
        ):
            fits = value.is_finite() and abs(value) < LARGEST
            if not fits or value != round_half_even(value, digits=digits):
                raise EnergyBillInvalid(name, f"a number of 12 digits and {digits} decimals")
        if self.amount == 0:
            raise EnergyBillInvalid("amount", "other than zero")


@dataclass(frozen=True, slots=True)
class BillLine:
    """A bill as it is booked."""

    id: int
    site: str
    provider: str
    document: str
    starts_on: date
    ends_on: date
    kwh: Decimal
    amount: Decimal
    currency: str
    journal_entry_id: int
    recorded_at: datetime
    recorded_by: str


@transaction.atomic
def book(viewer: Viewer, stated: StatedBill, *, by: str, now: datetime) -> BillLine:
    """Book a bill as one entry, and return it; one that is booked already is only returned.

    :raises EnergyBillInvalid, UnknownCurrency: if it makes no sense.
    :raises EnergyBillDiffers: if the document is booked with other figures.
    :raises NoSuchSite, SiteShared: if the viewer does not speak for the site.
    """
    stated.check()
    site = sites.to_write(viewer, codes=[stated.site])[stated.site]
    provider = _provider(stated, site)
    sites.hold([site.id])
    known = _rows(BY_DOCUMENT, {"site": site.id, "document": stated.document})
    if known:
        if not _same(known[0], stated, provider):
            raise EnergyBillDiffers(site.code, stated.document)
        return known[0]
    draft = Draft(
        kind=JournalEntry.Kind.ENERGY,
        accounting_date=stated.ends_on - timedelta(days=1),
        narrative=f"Energy bill {stated.document} of {site.code}",
        postings=(
            (f"site:{site.code}:energy_cost:{stated.currency}", stated.amount),
            (f"provider:{provider}:energy_billed:{stated.currency}", -stated.amount),
        ),
        reference=f"energy-bill:{site.code}:{stated.document}",
    )
    (entry_id,) = journal.post([draft], now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "site": site.id,
                "provider": provider,
                "document": stated.document,
                "starts_on": stated.starts_on,
                "ends_on": stated.ends_on,
                "kwh": stated.kwh,
                "amount": stated.amount,
                "currency": stated.currency,
                "entry": entry_id,
                "now": now,
                "by": by,
            },
        )
    return _rows(BY_DOCUMENT, {"site": site.id, "document": stated.document})[0]


def listed(viewer: Viewer, *, site: str | None, before: int | None, limit: int) -> list[BillLine]:
    """Return the bills that are the viewer's, of one site or of all, newest first.

    :raises NoSuchSite: if the viewer does not serve at the site.
    """
    found = sites.sites(viewer) if site is None else [sites.site(viewer, code=site)]
    scope = {"party": viewer.party_id, "sees_all": viewer.sees_all}
    return _rows(
        LISTED, {"sites": [one.id for one in found], "before": before, "limit": limit, **scope}
    )


def of_months(months: Iterable[SiteMonth]) -> dict[int, list[BillLine]]:
    """Return the bills whose period lies in the months, by site id."""
    asked = list(months)
    by_code = {one.site.code: one.site.id for one in asked}
    found: dict[int, list[BillLine]] = {site_id: [] for site_id in by_code.values()}
    for bill in _rows(
        OF_MONTHS,
        {
            "sites": [one.site.id for one in asked],
            "starts": [one.starts_on for one in asked],
            "ends": [one.ends_on for one in asked],
        },
    ):
        found[by_code[bill.site]].append(bill)
    return found


def billed(month: SiteMonth, bills: Iterable[BillLine]) -> Billed | None:
    """Return what the bills come to; None unless one currency's cover each day of the month.

    Two currencies that both do have no price together: then there is none.
    """
    held = list(bills)
    whole: list[Billed] = []
    for currency in sorted({bill.currency for bill in held}):
        of_currency = [bill for bill in held if bill.currency == currency]
        days = {
            bill.starts_on + timedelta(days=number)
            for bill in of_currency
            for number in range((bill.ends_on - bill.starts_on).days)
        }
        if len(days) == (month.ends_on - month.starts_on).days:
            amount = sum((bill.amount for bill in of_currency), Decimal(0))
            kwh = sum((bill.kwh for bill in of_currency), Decimal(0))
            whole.append(Billed(currency, amount, kwh))
    return whole[0] if len(whole) == 1 else None


def _provider(stated: StatedBill, site: sites.MeteredSite) -> str:
    if stated.provider is None:
        if len(site.providers) != 1:
            raise EnergyBillInvalid("provider", "named, since not exactly one serves at the site")
        return site.providers[0]
    if stated.provider not in site.providers:
        raise EnergyBillInvalid("provider", f"one that serves at {site.code}")
    return stated.provider


def _same(known: BillLine, stated: StatedBill, provider: str) -> bool:
    return (
        known.provider,
        known.starts_on,
        known.ends_on,
        known.kwh,
        known.amount,
        known.currency,
    ) == (
        provider,
        stated.starts_on,
        stated.ends_on,
        stated.kwh,
        stated.amount,
        stated.currency,
    )


def _rows(sql: str, parameters: dict[str, Any]) -> list[BillLine]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [BillLine(*row) for row in cursor.fetchall()]
