"""Clearing runs: what a closed month comes to, calculated by one person for another to approve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction

from ledger.books.models import Period
from ledger.errors import LedgerError
from ledger.periods import month_of
from settlement.clearing.digest import input_hash
from settlement.clearing.gross import AgreementGross, at_cut_off
from settlement.clearing.models import Netting, Position, Settlement, StatementLine
from settlement.clearing.netting import Due, SetOff, net
from settlement.clearing.rounding import Rounded, rounded

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('settlement_calculate'))"
"""Two calculations of a month would each void the same predecessor and leave two successors."""

STANDING = """
    SELECT id, currency, state
    FROM settlement_settlement
    WHERE starts_on = %(starts_on)s AND state <> 'void'
      AND (%(currency)s::text IS NULL OR currency = %(currency)s)
    ORDER BY id
    FOR UPDATE
"""
VOID = """
    UPDATE settlement_settlement
    SET state = 'void'
    WHERE id = ANY(%(ids)s) AND state = 'calculated'
"""


class MonthStillOpen(LedgerError):
    """Periods of the month, or of an earlier one, are open: their sums may still move."""

    problem = "month-still-open"

    def __init__(self, month: str, open_months: Sequence[str]) -> None:
        self.month = month
        self.open_months = list(open_months)
        super().__init__(f"{month} is settled once {', '.join(open_months)} is closed")


class AlreadySettled(LedgerError):
    """The month is settled and approved in this currency."""

    problem = "already-settled"

    def __init__(self, month: str, currency: str, settlement_id: int) -> None:
        self.month = month
        self.currency = currency
        self.settlement = settlement_id
        super().__init__(
            f"{month} is settled in {currency} by the approved settlement {settlement_id};"
            " what came later is settled with the next month"
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What a month comes to in one currency, by agreement code, before anything is written."""

    starts_on: date
    currency: str
    positions: list[tuple[AgreementGross, Rounded]]
    set_offs: list[SetOff]
    input_hash: str


@transaction.atomic
def calculate(
    *, starts_on: date, currency: str | None = None, user: AbstractUser, now: datetime
) -> list[Settlement]:
    """Calculate the closed month in which `starts_on` lies: a settlement a currency, by currency.

    A settlement that was calculated before and not approved is replaced: it becomes void. Nothing
    is posted yet. A month without anything to settle gives none.

    :raises MonthStillOpen: if a period of the month or before is open.
    :raises AlreadySettled: if `currency` is approved already; without one, if every currency is.
    :raises AgreementOutOfBalance: if entries of an agreement reach beyond what is settled.
    """
    starts_on, ends_on = month_of(starts_on)
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
    _require_closed(starts_on)
    standing = _standing(starts_on, currency)
    approved = {unit: id_ for id_, unit, state in standing if state == Settlement.State.APPROVED}
    runs = [
        run
        for run in compute(starts_on=starts_on, currency=currency)
        if run.currency not in approved
    ]
    if approved and not runs:
        unit, id_ = min(approved.items())
        raise AlreadySettled(f"{starts_on:%Y-%m}", unit, id_)
    _void([id_ for id_, _, state in standing if state == Settlement.State.CALCULATED])
    settlements = Settlement.objects.bulk_create(
        Settlement(
            starts_on=starts_on,
            ends_on=ends_on,
            currency=run.currency,
            input_hash=run.input_hash,
            calculated_at=now,
            made_by_id=user.pk,
        )
        for run in runs
    )
    _write(settlements, runs)
    return settlements


def compute(*, starts_on: date, currency: str | None = None) -> list[Run]:
    """Return what the month comes to in each currency, read from the books as they are now.

    :raises AgreementOutOfBalance: if entries of an agreement reach beyond what is settled.
    """
    by_currency: dict[str, list[AgreementGross]] = {}
    for agreement in at_cut_off(starts_on=starts_on, currency=currency):
        by_currency.setdefault(agreement.currency, []).append(agreement)
    return [_run(starts_on, unit, agreements) for unit, agreements in sorted(by_currency.items())]


def _run(starts_on: date, currency: str, agreements: list[AgreementGross]) -> Run:
    positions = [(one, rounded(one.gross, currency=currency)) for one in agreements]
    set_offs = net(
        Due(
            provider=agreement.provider,
            consumer=agreement.consumer,
            consumer_due=amounts.consumer_due,
            provider_due=amounts.provider_due,
        )
        for agreement, amounts in positions
    )
    return Run(
        starts_on=starts_on,
        currency=currency,
        positions=positions,
        set_offs=set_offs,
        input_hash=input_hash(
            starts_on=starts_on, currency=currency, positions=positions, set_offs=set_offs
        ),
    )


def _require_closed(starts_on: date) -> None:
    still_open = (
        Period.objects.filter(starts_on__lte=starts_on, state=Period.State.OPEN)
        .order_by("starts_on")
        .values_list("starts_on", flat=True)
        .distinct()
    )
    months = [f"{day:%Y-%m}" for day in still_open]
    if months:
        raise MonthStillOpen(f"{starts_on:%Y-%m}", months)


def _standing(starts_on: date, currency: str | None) -> list[tuple[int, str, str]]:
    """Lock the month's settlements that are not void: an approval under way ends before us."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"starts_on": starts_on, "currency": currency})
        rows: list[tuple[int, str, str]] = cursor.fetchall()
    return rows


def _void(ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(VOID, {"ids": ids})
        assert cursor.rowcount == len(ids), "locked settlements cannot change under us"


def _write(settlements: list[Settlement], runs: list[Run]) -> None:
    """Write positions, lines and set-offs of all runs: three statements."""
    calculated = [
        (settlement, agreement, amounts)
        for settlement, run in zip(settlements, runs, strict=True)
        for agreement, amounts in run.positions
    ]
    positions = Position.objects.bulk_create(
        Position(
            settlement=settlement,
            agreement_id=agreement.agreement_id,
            period_id=agreement.period_id,
            entries=agreement.entries,
            **{name: getattr(agreement.gross, name) for name in agreement.gross.__slots__},
            **{name: getattr(amounts, name) for name in amounts.__slots__},
        )
        for settlement, agreement, amounts in calculated
    )
    StatementLine.objects.bulk_create(
        StatementLine(position=position, **{name: getattr(line, name) for name in line.__slots__})
        for position, (_, agreement, _) in zip(positions, calculated, strict=True)
        for line in agreement.lines
    )
    Netting.objects.bulk_create(
        netting
        for settlement, run in zip(settlements, runs, strict=True)
        for netting in _nettings(settlement, run)
    )


def _nettings(settlement: Settlement, run: Run) -> list[Netting]:
    ids = {one.provider: one.provider_id for one, _ in run.positions}
    nettings = []
    for set_off in run.set_offs:
        first, second = sorted((ids[set_off.party_a], ids[set_off.party_b]))
        nettings.append(
            Netting(
                settlement=settlement,
                party_a_id=first,
                party_b_id=second,
                amount=set_off.amount,
            )
        )
    return nettings
