"""Books with something of everything: two currencies, a tariff by the hour, bands, late usage.

October is closed and settled, with a set-off between two who serve each other. One event is set
aside, one came late, one batch is without its payload, one entry is reversed, some events are
corrected, and two re-rated. Some are in a tier, and in a step by context, of a card with two
prices, where scarcity goes by the clock. Three name their consumer or deployment by words of their
source, and two carry one number. August is archived, September was and is back.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from ledger.books import journal
from ledger.books.models import Period
from ledger.energy import bills, certificates, readings, sites, true_ups
from ledger.energy.bills import StatedBill
from ledger.energy.stated import StatedReading
from ledger.parties.models import Source
from ledger.parties.viewers import PLATFORM
from ledger.periods import month_of, starts_at
from ledger.pricing.publishing import proposals
from ledger.rating import rate
from ledger.rating.archive import restoring, taking
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.completeness import manifests
from ledger.usage.formats.manifests import Statement
from ledger.usage.models import UsageBatch
from settlement.clearing import approvals, calendars, runs
from tests import factories, rerating
from tests.correcting import amend, correct, void
from tests.factories import version
from tests.ledger.audit import scarcity, supply
from tests.ledger.energy import certifying
from tests.settlement import factories as settling

PEAK = datetime(2026, 10, 5, 2, 30, tzinfo=UTC)  # half past ten on a Monday in Shanghai
FLAT = datetime(2026, 10, 5, 6, 30, tzinfo=UTC)
HOLIDAY = datetime(2026, 10, 6, 2, 30, tzinfo=UTC)
MORNING = datetime(2026, 10, 12, 2, tzinfo=UTC)
DEARER_FROM = datetime(2026, 10, 15, tzinfo=UTC)
AUGUST = date(2026, 8, 1)
SEPTEMBER = date(2026, 9, 1)
LATE_NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

VOLUME_TERMS = {
    "tiers": {
        "kind": "graduated",
        "measure": "tokens",
        "steps": [
            {"up_to": "1000", "per_million_tokens": "2"},
            {"per_million_tokens": "1"},
        ],
    },
    "discount": {"percent": "7"},
    "minimum": "10",
}


def catalogue() -> dict[str, Any]:
    """Return the small catalogue with peak hours, a second band, and a consumer who pays in USD."""
    document = factories.catalogue()
    document["holiday_calendars"] = [
        {
            "calendar": "CN",
            "year": 2026,
            "days": {"2026-10-06": "public_holiday"},
            "provenance": "test",
        }
    ]
    terms = factories.tariff_terms() | {"holiday_calendar": "CN"}
    peak = {"period": "peak", "spans": [["10:00", "13:00"]], "day_types": ["workday"], "rank": 1}
    terms["windows"] = [*terms["windows"], peak]
    terms["published"] = {"flat": "0.36", "peak": "0.72"}
    document["tariff_versions"] = [version(tariff="flat", terms=terms)]
    (profile,) = document["serving_profiles"]
    figures = {phase: {"joules": "4", "gpu_seconds": "0.004"} for phase in profile["figures"]}
    document["serving_profiles"] = [
        profile,
        profile | {"context_from_tokens": 10_000, "figures": figures},
    ]
    document["rate_card_versions"] += [
        document["rate_card_versions"][0]
        | {
            "valid_from": DEARER_FROM.isoformat(),
            "terms": {"kind": "cost_plus", "margin": "0.20"},
        }
    ]
    document["parties"] = [
        {"code": "clearwatt", "name": "Clearwatt", "kind": "platform"},
        {"code": "westcloud", "name": "West Cloud", "kind": "both"},
        {"code": "eastcloud", "name": "East Cloud", "kind": "both"},
        {"code": "acme", "name": "Acme", "kind": "consumer"},
        {"code": "globex", "name": "Globex", "kind": "consumer"},
    ]
    document["rate_cards"] += [{"provider": "eastcloud", "code": "standard"}]
    document["fx_rates"] = [version(base="CNY", quote="USD", rate="0.14")]
    document["agreements"] += [
        document["agreements"][0]
        | {"code": f"{provider}-{consumer}", "provider": provider, "consumer": consumer}
        for provider, consumer in (
            ("westcloud", "globex"),
            ("westcloud", "eastcloud"),
            ("eastcloud", "westcloud"),
        )
    ]
    document["agreement_versions"] += [
        version(
            agreement="westcloud-globex",
            currency="USD",
            rate_card="standard",
            fee_rate="0.03",
            fee_consumer_share="1",
            volume_terms=VOLUME_TERMS,
        )
    ]
    supply.describe(document)
    return document


def source_names() -> list[dict[str, Any]]:
    """Return what the source calls a consumer and its project, and a deployment."""
    return [
        version(
            provider="westcloud", kind="consumer", name="sk-1", consumer="acme", project="team"
        ),
        version(provider="westcloud", kind="deployment", name="gpt-4o", deployment="qwen"),
    ]


def certificate_lots() -> list[dict[str, Any]]:
    """Return two small lots, one older than the other."""
    later = "2026-01-15T00:00:00+08:00"
    return [
        certifying.lot("wind-1", watt_hours=3),
        certifying.lot("wind-2", watt_hours=4, produced_from=later),
    ]


def keep() -> None:
    """Publish, record, rate, archive, correct, close, settle, and take in what comes late."""
    settling.user("corrector")
    factories.publish(
        catalogue() | {"source_names": source_names(), "certificate_lots": certificate_lots()}
    )
    archive_the_summer()
    use_what_is_scarce()
    factories.record(
        factories.event(
            "peak", occurred_at=PEAK, project="chat", attributes={"key": "k1", "n": 1.5}
        ),
        factories.event(
            "peak-2", occurred_at=PEAK + timedelta(minutes=14, microseconds=59_999_999)
        ),
        factories.event("flat", occurred_at=FLAT, sequence=7),
        factories.event("spot", occurred_at=FLAT, deployment="spot"),
        factories.event("holiday", occurred_at=HOLIDAY, status="partial"),
        factories.event("long", occurred_at=FLAT, usage={"input": 12_000, "output": 7}, sequence=9),
        factories.event("aside", occurred_at=FLAT, deployment="nowhere", sequence=9),
        factories.event("mapped", occurred_at=FLAT, consumer="sk-1", deployment="gpt-4o@west"),
    )
    factories.record(factories.event("dollars", occurred_at=FLAT, consumer="globex"))
    factories.record(factories.event("timeless", occurred_at=None))
    factories.record(
        factories.event("bare", occurred_at=HOLIDAY),
        factories.event("bare-2"),
        factories.event("bare-3", consumer="sk-1", deployment="gpt-4o@west"),
    )
    state(events=3)
    state(events=5)
    rate.rate_pending(now=factories.NOW)
    UsageBatch.objects.filter(id=UsageBatch.objects.order_by("-id").values("id")[:1]).update(
        payload=None
    )
    mistaken = settling.post(price="70.0049", fee_provider="1.000000000001")
    settling.post("westcloud-eastcloud", price="12.345", fee_provider="0.000000000001")
    settling.post("eastcloud-westcloud", price="50.005", fee_consumer="0.75")
    settling.post("westcloud-globex", price="3.005", currency="USD")
    reverse(mistaken)
    settle(settling.OCTOBER)
    factories.record(
        factories.event("late", occurred_at=PEAK), factories.event("late-2"), now=LATE_NOW
    )
    factories.record(
        factories.event("estimate"),
        factories.event("figure", supersedes="estimate"),
        factories.event("figure-2", supersedes="estimate"),
        factories.event("typo", deployment="qwne"),
        now=LATE_NOW,
    )
    rate.rate_pending(now=LATE_NOW)
    correct_what_was_posted()
    publish_by_two()
    meter()
    rerate_a_morning()


def publish_by_two() -> None:
    """Move an exchange rate of later, as two people want it."""
    dearer = version(base="CNY", quote="USD", rate="0.15") | {"valid_from": "2027-01-01T00:00:00Z"}
    done = proposals.submit({"fx_rates": [dearer]}, user=settling.user("maker"), now=LATE_NOW)
    assert done.proposal_id is not None
    proposals.approve(proposal_id=done.proposal_id, user=settling.user("checker"), now=LATE_NOW)


def use_what_is_scarce() -> None:
    """Record usage at the clock's load, and at a published one in another tier."""
    factories.publish(scarcity.document())
    used: dict[str, Any] = {"consumer": "initech", "deployment": "scarce"}
    factories.record(
        factories.event("busy", occurred_at=FLAT, **used),
        factories.event("loaded", occurred_at=HOLIDAY, service_tier="batch", **used),
    )


def correct_what_was_posted() -> None:
    """Amend twice, after a typing error, without a payload; void; enter what is final.

    One amendment lacks a deployment, another one a month that is archived. One of the voided events
    was never entered, and neither was one of the final ones.
    """
    correct(
        amend("peak-2", usage={"input": 5, "output": 6}),
        amend("bare-3", status="cancelled", attributes={"n": 1.5}),
        amend("typo", deployment="qwen"),
        amend("flat", deployment="nowhere"),
        amend("dear-august", status="partial"),
        void("holiday"),
        void("figure-2"),
        now=LATE_NOW,
    )
    correct(amend("peak-2", consumer="sk-1", project="code"), now=LATE_NOW)


def rerate_a_morning() -> None:
    """Find that a site took more energy on one morning; re-rate the usage of its second hour."""
    factories.record(
        factories.event("warm", occurred_at=MORNING),
        factories.event("warm-2", occurred_at=MORNING, consumer="globex", project="chat"),
        now=LATE_NOW,
    )
    rate.rate_pending(now=LATE_NOW)
    correct(amend("warm-2", usage={"input": 9}), now=LATE_NOW)
    hour = timedelta(hours=1)
    rerating.publish(
        {
            "site_pue": [
                version(site="west", pue=pue) | {"valid_from": valid_from.isoformat()}
                for pue, valid_from in (("1.5", MORNING - hour), ("1.2", MORNING + hour))
            ]
        },
        now=LATE_NOW + hour / 2,
    )
    rerating.rerate(
        starts_at=MORNING, ends_at=MORNING + hour, provider="westcloud", now=LATE_NOW + hour
    )
    correct(amend("warm", project="code"), now=LATE_NOW + hour)


def archive_the_summer() -> None:
    """Archive two months that are not settled yet, and bring the second one back."""
    factories.record(
        *(factories.event(f"august-{n}", occurred_at=FLAT.replace(month=8)) for n in range(3)),
        factories.event("dear-august", occurred_at=PEAK.replace(month=8, day=4), project="chat"),
        factories.event("late-august", occurred_at=HOLIDAY.replace(month=8), consumer="globex"),
        factories.event("september", occurred_at=FLAT.replace(month=9)),
    )
    rate.rate_pending(now=factories.NOW)
    correct(amend("september", project="code"), void("late-august"))
    for month in (AUGUST, SEPTEMBER):
        calendars.close_month(starts_on=month, user=settling.user("maker"), now=factories.NOW)
        archive(month)
    restoring.restore_month(
        SEPTEMBER, folder=settings.CLEARWATT_ARCHIVE, by="tests", now=factories.NOW
    )


def archive(month: date) -> None:
    """Archive a month to where archives are kept; its table stands by itself then."""
    folder = settings.CLEARWATT_ARCHIVE
    taking.archive_month(month, folder=folder, by="tests", now=factories.NOW, drop=False)


def state(*, events: int) -> None:
    """State what was sent in the quarter hour of the events that carry numbers."""
    source = Source.objects.get(provider__code="westcloud", uri=factories.SOURCE)
    statement = Statement(
        starts_at=FLAT,
        ends_at=FLAT + timedelta(minutes=15),
        events=events,
        tokens=tuple(range(len(TOKEN_CLASSES))),
        first_sequence=7,
        last_sequence=9,
    )
    manifests.record(source.pk, statements=[statement], now=factories.NOW)


def meter() -> None:
    """Record what October took at the site, bill it, and true it up twice: a reading was wrong.

    Two lots of certificates are claimed whole for what was booked as green, and one watt-hour is
    short.
    """
    site = sites.site(PLATFORM, code="west")
    begin = starts_at(settling.OCTOBER, time_zone=site.time_zone)
    end = starts_at(month_of(settling.OCTOBER)[1], time_zone=site.time_zone)
    for facility in ("0.015", "0.02"):
        stated = {"facility": facility, "it": "0.012", "gpu_busy": "3", "gpu_available": "5.5"}
        readings.record(
            PLATFORM,
            [
                StatedReading("west", kind, begin, end, Decimal(quantity), "M", "meter 7")
                for kind, quantity in stated.items()
            ],
            by="tests",
            now=LATE_NOW,
        )
        first, last = month_of(settling.OCTOBER)
        bill = StatedBill("west", None, "B-10", first, last, Decimal(1), Decimal("0.5"), "CNY")
        bills.book(PLATFORM, bill, by="tests", now=LATE_NOW)
        true_ups.true_up(site, starts_on=settling.OCTOBER, by="tests", now=LATE_NOW)
    certificates.receive(now=LATE_NOW)
    certificates.cancel(
        site, provider="westcloud", starts_on=settling.OCTOBER, by="tests", now=LATE_NOW
    )


def reverse(entry_id: int) -> None:
    """Reverse an entry of October, on a later day of it."""
    period = Period.objects.get(agreement__code="westcloud-acme", starts_on=settling.OCTOBER)
    with transaction.atomic():
        journal.reverse(
            entry_id,
            accounting_date=date(2026, 10, 9),
            narrative="Posted by mistake",
            period_id=period.pk,
            now=factories.NOW,
        )


def settle(month: date) -> None:
    """Close a month in spite of what is set aside, and settle it in every currency."""
    maker, checker = settling.user("maker"), settling.user("checker")
    calendars.close_month(starts_on=month, user=maker, now=settling.NOW, despite_waiting=True)
    for settlement in runs.calculate(starts_on=month, user=maker, now=settling.NOW):
        approvals.approve(settlement_id=settlement.pk, user=checker, now=settling.NOW)


def tamper(*statements: str) -> None:
    """Run statements with every trigger at rest, as a superuser may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount, f"nothing was changed by {statement}"
        cursor.execute("SET LOCAL session_replication_role = origin")
