"""Certificates are claimed once, for what was booked as green; what has none is posted back."""

from decimal import Decimal
from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from ledger import audit
from ledger.books.models import JournalEntry, Posting
from ledger.energy import certificates, green, sites
from ledger.energy.models import CertificateCancellation, CertificateMatch, CertificateStock
from ledger.parties.viewers import PLATFORM
from ledger.pricing.catalogue import DocumentInvalid
from tests import factories
from tests.at_once import at_once
from tests.ledger.energy import certifying, metering
from tests.ledger.energy.metering import NOW, OCTOBER

TEN_EVENTS = tuple(f"e{number}" for number in range(10))
"""29,040 J in one quarter hour: 8.0667 Wh, of which half was booked as green: 4 whole Wh."""


def cancel() -> certificates.Cancelled:
    certificates.receive(now=NOW)
    return certificates.cancel(
        metering.west(), provider="westcloud", starts_on=OCTOBER, by="tests", now=NOW
    )


def posted(entry_id: int | None) -> dict[str, Decimal]:
    rows = Posting.objects.filter(entry_id=entry_id).select_related("account")
    return {row.account.code: row.amount for row in rows}


@pytest.mark.django_db
class TestReceive:
    def test_books_each_lot_once(self) -> None:
        factories.publish()
        certifying.publish(certifying.lot())

        assert certificates.receive(now=NOW) == 1
        assert certificates.receive(now=NOW) == 0

        entry = JournalEntry.objects.get()
        assert (entry.kind, entry.reference) == ("certificate", "certificate-lot:wind-1")
        assert posted(entry.pk) == {
            "provider:westcloud:certificates:wind-1:GEC": Decimal(10),
            "platform:registry:GEC": Decimal(-10),
        }

    @pytest.mark.parametrize(
        ("field", "value"),
        [("kind", "X"), ("watt_hours", 0), ("vintage", 1999), ("produced_to", "2025-01-01T00:00Z")],
    )
    def test_has_only_lots_that_make_sense(self, field: str, value: object) -> None:
        factories.publish()

        with pytest.raises(DocumentInvalid, match=field):
            certifying.publish(certifying.lot() | {field: value})


@pytest.mark.django_db
class TestCancel:
    def test_claims_the_whole_watt_hours_that_were_booked_as_green(self) -> None:
        # Half of 29,040 J is 14,520 J: 4 Wh and 120 J. Booked away at 600 g/kWh: 2.42 g, of which
        # 120 J, 0.02 g, find no whole watt-hour.
        factories.publish()
        metering.use(*TEN_EVENTS)
        certifying.publish(certifying.lot())

        done = cancel()

        assert (done.watt_hours, done.short_watt_hours) == (4, 0)
        assert posted(done.entry_id) == {
            "site:west:certificates_cancelled:westcloud:GEC": Decimal(4),
            "provider:westcloud:certificates:wind-1:GEC": Decimal(-4),
            "site:west:co2_unmatched:westcloud:CO2E_M": Decimal("0.02"),
            "provider:westcloud:co2_market:CO2E_M": Decimal("-0.02"),
        }
        assert CertificateStock.objects.get().cancelled_watt_hours == 4
        assert CertificateMatch.objects.get().watt_hours == 4

    def test_posts_back_the_grams_that_were_green_without_a_certificate(self) -> None:
        factories.publish()
        metering.use(*TEN_EVENTS)

        done = cancel()

        assert (done.watt_hours, done.short_watt_hours) == (0, 4)
        assert posted(done.entry_id) == {
            "site:west:co2_unmatched:westcloud:CO2E_M": Decimal("2.42"),
            "provider:westcloud:co2_market:CO2E_M": Decimal("-2.42"),
        }

    def test_takes_the_grams_back_once_there_are_certificates(self) -> None:
        factories.publish()
        metering.use(*TEN_EVENTS)
        cancel()
        certifying.publish(certifying.lot(watt_hours=3))

        done = cancel()

        assert (done.run, done.watt_hours, done.short_watt_hours) == (2, 3, 1)
        # 3 of 4.0333 Wh are matched: 1.0333 Wh, 0.62 g, stay.
        assert posted(done.entry_id)["site:west:co2_unmatched:westcloud:CO2E_M"] == Decimal("-1.8")
        assert audit.run() == []

    def test_does_nothing_when_it_runs_again(self) -> None:
        factories.publish()
        metering.use(*TEN_EVENTS)
        certifying.publish(certifying.lot())
        first = cancel()

        again = cancel()

        assert (again.run, again.entry_id, again.watt_hours) == (first.run, None, 0)
        assert CertificateCancellation.objects.count() == 1

    def test_claims_nothing_made_elsewhere_or_in_another_year(self) -> None:
        factories.publish()
        metering.use(*TEN_EVENTS)
        certifying.publish(certifying.lot("abroad", zone="DE"), certifying.lot("old", vintage=2025))

        assert cancel().watt_hours == 0

    def test_is_run_from_the_command_line(self) -> None:
        factories.publish()
        metering.use(*TEN_EVENTS)
        certifying.publish(certifying.lot())
        out = StringIO()

        call_command("cancel_certificates", "2026-10", stdout=out)

        assert out.getvalue() == (
            "west 2026-10, westcloud: 4 Wh cancelled, nothing short; 0.020 g of CO2 booked as green"
            " have no certificate\n"
        )

    def test_is_told_beside_both_kinds_of_grams(self) -> None:
        factories.publish()
        metering.use(*TEN_EVENTS)
        certifying.publish(certifying.lot())
        cancel()

        (line,) = green.report(PLATFORM, site="west", starts_on=OCTOBER).lines

        assert line.posted
        assert line.matched_watt_hours == 4
        assert line.share == Decimal(14_400) / 29_040
        assert (line.location_grams, line.market_grams_booked) == (Decimal("4.84"), Decimal("2.42"))
        assert line.market_grams == Decimal("2.44")


@pytest.mark.django_db
class TestDatabase:
    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ("cancelled_watt_hours = 11", "ledger_certificate_stock_never_negative"),
            ("cancelled_watt_hours = 0", "ledger_certificate_stock_only_cancels"),
            ("received_watt_hours = 20", "ledger_certificate_stock_only_cancels"),
        ],
    )
    def test_keeps_a_lot_from_being_claimed_beyond_what_it_has(
        self, change: str, constraint: str
    ) -> None:
        factories.publish()
        metering.use(*TEN_EVENTS)
        certifying.publish(certifying.lot())
        cancel()

        with (
            pytest.raises(IntegrityError, match=constraint)
            if "never" in constraint
            else pytest.raises(Exception, match="only more can be cancelled"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE ledger_certificate_stock SET {change}")

        assert CertificateStock.objects.get().cancelled_watt_hours == 4


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_sites_never_claim_the_same_watt_hours(self) -> None:
        """Both want 4 Wh of a lot of 5: together they get 5, and one goes short."""
        factories.publish()
        factories.publish(certifying.second_site())
        metering.use(*TEN_EVENTS)
        metering.use(*(f"{name}-2" for name in TEN_EVENTS), deployment="qwen-2")
        certifying.publish(certifying.lot(watt_hours=5))
        certificates.receive(now=NOW)

        done = at_once(*(partial(self.cancel, code) for code in ("west", "west-2")))

        assert sorted(one.watt_hours for one in done) == [1, 4]
        assert sorted(one.short_watt_hours for one in done) == [0, 3]
        assert CertificateStock.objects.get().cancelled_watt_hours == 5
        assert [finding for finding in audit.run() if "certificate" in finding.audit] == []

    def cancel(self, code: str) -> certificates.Cancelled:
        site = sites.site(PLATFORM, code=code)
        return certificates.cancel(
            site, provider="westcloud", starts_on=OCTOBER, by="tests", now=NOW
        )
