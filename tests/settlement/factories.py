"""Makers of settlement's material: parties that trade both ways, and entries of chosen amounts.

East and West serve each other, East serves itself, and West serves Acme.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction

from ledger.books import accounts, balances, journal, periods
from ledger.books.entries import Draft
from ledger.books.models import Period
from ledger.pricing.models import Agreement
from ledger.rating import rate
from settlement.clearing import approvals, calendars, runs
from settlement.clearing.models import Settlement
from tests import factories
from tests.factories import version

OCTOBER = date(2026, 10, 1)
NOVEMBER = date(2026, 11, 1)
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 3, 9, 0, tzinfo=UTC)
DAY = date(2026, 10, 5)
AGREEMENTS = ("westcloud-acme", "westcloud-eastcloud", "eastcloud-westcloud", "eastcloud-eastcloud")


def user(name: str) -> User:
    """Return the user with this name, made if it is missing."""
    found, _ = get_user_model().objects.get_or_create(username=name)
    return found


def publish(**agreement_terms: Any) -> None:
    """Publish the small catalogue with parties that trade both ways, each agreement in CNY."""
    document = factories.catalogue()
    document["parties"] = [
        {"code": "clearwatt", "name": "Clearwatt", "kind": "platform"},
        {"code": "westcloud", "name": "West Cloud", "kind": "both"},
        {"code": "eastcloud", "name": "East Cloud", "kind": "both"},
        {"code": "acme", "name": "Acme", "kind": "consumer"},
    ]
    document["rate_cards"] += [{"provider": "eastcloud", "code": "standard"}]
    document["rate_card_versions"] += [
        version(
            provider="eastcloud",
            rate_card="standard",
            currency="CNY",
            terms={"kind": "cost_plus", "margin": "0.10"},
        )
    ]
    document["agreements"] = [
        {
            "code": code,
            "provider": code.split("-")[0],
            "consumer": code.split("-")[1],
            "time_zone": "Asia/Shanghai",
        }
        for code in AGREEMENTS
    ]
    terms = {"fee_rate": "0.02", "fee_consumer_share": "0.25", **agreement_terms}
    document["agreement_versions"] = [
        version(agreement=code, currency="CNY", rate_card="standard", **terms)
        for code in AGREEMENTS
    ]
    factories.publish(document)


def post(
    agreement: str = "westcloud-acme",
    *,
    price: str,
    fee_consumer: str = "0",
    fee_provider: str = "0",
    day: date = DAY,
    currency: str = "CNY",
    **components: str,
) -> int:
    """Post a correction of exact amounts under an agreement, and return its entry's id.

    The price is compute, but for the components that are named.
    """
    terms = Agreement.objects.select_related("provider", "consumer").get(code=agreement)
    periods.ensure([(terms.id, day)])
    period = Period.objects.get(agreement=terms, starts_on=day.replace(day=1))
    rest = Decimal(price) - sum((Decimal(one) for one in components.values()), Decimal(0))
    payables = {"compute": rest, **{name: Decimal(one) for name, one in components.items()}}
    fees = Decimal(fee_consumer) + Decimal(fee_provider)
    postings = [
        (f"consumer:{terms.consumer.code}:receivable", Decimal(price) + Decimal(fee_consumer)),
        *(
            (f"provider:{terms.provider.code}:payable:{name}", -amount)
            for name, amount in payables.items()
        ),
        (f"provider:{terms.provider.code}:payable:fee", Decimal(fee_provider)),
        ("platform:fees", -fees),
    ]
    draft = Draft(
        kind="manual",
        accounting_date=day,
        narrative="Correction of chosen amounts",
        postings=tuple((f"{code}:{currency}", amount) for code, amount in postings if amount),
        agreement_id=terms.id,
        period_id=period.id,
    )
    with transaction.atomic():
        return journal.post([draft], now=factories.NOW)[0]


def use(*event_ids: str, **event: Any) -> None:
    """Record usage and rate it."""
    factories.record(*(factories.event(event_id, **event) for event_id in event_ids))
    rate.rate_pending(now=factories.NOW)


def calculate(*, month: date = OCTOBER, now: datetime = NOW) -> Settlement:
    """Close the month unless it is closed, and calculate its only settlement, as the maker."""
    if not Period.objects.filter(starts_on=month, state="closed").exists():
        calendars.close_month(starts_on=month, user=user("maker"), now=now)
    (settlement,) = runs.calculate(starts_on=month, user=user("maker"), now=now)
    return settlement


def settle(*, month: date = OCTOBER, now: datetime = NOW) -> Settlement:
    """Close, calculate and approve a month with one currency."""
    settlement = calculate(month=month, now=now)
    return approvals.approve(settlement_id=settlement.pk, user=user("checker"), now=now)


def balance(code: str) -> Decimal:
    """Return the balance of an account, debit positive; zero if there is none."""
    found = accounts.ids([code])
    return balances.balance(found[code]) if found else Decimal(0)
