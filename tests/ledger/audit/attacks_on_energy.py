"""Attacks on readings, bills and true-ups."""

from typing import Final

from tests.ledger.audit.attacks import attack

LAST: Final = "(SELECT max(id) FROM ledger_energy_true_up)"
ENTRY: Final = f"(SELECT journal_entry_id FROM ledger_energy_true_up WHERE id = {LAST})"
VARIANCE: Final = "(SELECT id FROM ledger_account WHERE code = 'site:west:energy_variance:pue:J')"
DRAWN: Final = "(SELECT id FROM ledger_account WHERE code = 'provider:westcloud:energy:west:J')"

ENERGY: Final = (
    attack(
        "a reading's last digit",
        """UPDATE ledger_meter_reading SET quantity = quantity + 0.000001
            WHERE kind = 'facility' AND revision = 2""",
        seen_by="energy-metered",
    ),
    attack(
        "the reading that a correction took the place of, deleted",
        "DELETE FROM ledger_meter_reading WHERE kind = 'facility' AND revision = 1",
        seen_by="meter-readings energy-metered",
    ),
    attack(
        "a reading that overlaps another",
        "SET CONSTRAINTS ALL IMMEDIATE",
        """ALTER TABLE ledger_meter_reading DROP CONSTRAINT ledger_meter_reading_interval_apart""",
        """INSERT INTO ledger_meter_reading
               (site_id, kind, starts_at, ends_at, revision, quantity, grade, source,
                recorded_at, recorded_by)
           SELECT site_id, kind, starts_at + '1 day'::interval, ends_at, 1, 0, grade, source,
                  recorded_at, recorded_by
           FROM ledger_meter_reading WHERE kind = 'it' AND revision = 1""",
        seen_by="meter-readings",
    ),
    attack(
        "a true-up that says more was metered",
        f"UPDATE ledger_energy_true_up SET facility_kwh = facility_kwh + 1 WHERE id = {LAST}",
        seen_by="energy-metered energy-identity",
    ),
    attack(
        "a true-up that says more was booked",
        f"""UPDATE ledger_energy_share SET booked = booked + 0.000001
            WHERE true_up_id = {LAST} AND commodity = 'J'""",
        seen_by="energy-identity",
    ),
    attack(
        "a part of the variance called another",
        f"""UPDATE ledger_energy_variance SET part = 'idle'
            WHERE true_up_id = {LAST} AND part = 'pue'""",
        seen_by="energy-posted",
    ),
    attack(
        "variance moved in the journal and its balances",
        f"""UPDATE ledger_posting SET amount = amount + 5
            WHERE entry_id = {ENTRY} AND account_id = {VARIANCE}""",
        f"""UPDATE ledger_posting SET amount = amount - 5
            WHERE entry_id = {ENTRY} AND account_id = {DRAWN}""",
        seen_by="balances energy-posted",
    ),
    attack(
        "a bill's amount",
        "UPDATE ledger_energy_bill SET amount = amount - 0.01",
        seen_by="energy-posted",
    ),
    attack(
        "a bill deleted, and its entry left",
        "DELETE FROM ledger_energy_bill",
        seen_by="energy-metered energy-posted",
    ),
)

PROVIDERS: Final = (
    "(SELECT id FROM ledger_account WHERE code = 'provider:westcloud:certificates:wind-1:GEC')"
)
CLAIMED: Final = (
    "(SELECT id FROM ledger_account WHERE code = 'site:west:certificates_cancelled:westcloud:GEC')"
)
RUN_ENTRY: Final = "(SELECT max(journal_entry_id) FROM ledger_certificate_run)"

CERTIFICATES: Final = (
    attack(
        "a lot that may be claimed again",
        "UPDATE ledger_certificate_stock SET cancelled_watt_hours = cancelled_watt_hours - 1",
        seen_by="certificate-stock",
    ),
    attack(
        "a lot that has more than was made",
        "UPDATE ledger_certificate_lot SET watt_hours = watt_hours + 1",
        seen_by="certificate-stock",
    ),
    attack(
        "more matched in a quarter hour than was cancelled",
        "UPDATE ledger_certificate_match SET watt_hours = watt_hours + 1",
        seen_by="certificate-matches",
    ),
    attack(
        "a cancellation forgotten",
        "DELETE FROM ledger_certificate_cancellation",
        seen_by="certificate-stock certificate-matches certificate-postings",
    ),
    attack(
        "a lot from abroad claimed",
        "UPDATE ledger_certificate_lot SET zone = 'DE'",
        seen_by="certificate-matches",
    ),
    attack(
        "grams that found no certificate made fewer",
        "UPDATE ledger_certificate_run SET unmatched_grams = unmatched_grams - 0.000000001",
        seen_by="certificate-postings",
    ),
    attack(
        "watt-hours given back in the journal",
        f"""UPDATE ledger_posting SET amount = amount + 1
            WHERE entry_id = {RUN_ENTRY} AND account_id = {PROVIDERS}""",
        f"""UPDATE ledger_posting SET amount = amount - 1
            WHERE entry_id = {RUN_ENTRY} AND account_id = {CLAIMED}""",
        seen_by="balances certificate-postings",
    ),
    attack(
        "a run deleted, and its matches left",
        "DELETE FROM ledger_certificate_run",
        seen_by="foreign-keys certificate-matches certificate-postings",
    ),
)
