"""Approval by a second person: the calculated figures enter the books, or nothing does."""

from datetime import date, datetime

from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction

from ledger.books import balances, journal
from ledger.books.entries import Draft
from ledger.errors import LedgerError
from ledger.periods import last_day
from settlement.clearing.entries import Clearing, netting_draft, position_draft
from settlement.clearing.gross import UNSETTLED, AgreementGross
from settlement.clearing.models import Approval, Netting, Position, Settlement
from settlement.clearing.rounding import Rounded
from settlement.clearing.runs import Run, compute

LOCK = """
    SELECT id
    FROM settlement_settlement
    WHERE currency = (SELECT currency FROM settlement_settlement WHERE id = %(settlement)s)
      AND state <> 'void'
    ORDER BY id
    FOR UPDATE
"""
SHARE_PERIODS = """
    SELECT period.id
    FROM ledger_period period
    JOIN settlement_position position ON position.period_id = period.id
    WHERE position.settlement_id = %(settlement)s
    ORDER BY period.id
    FOR SHARE OF period
"""
SETTLE_ENTRIES = f"""
    {UNSETTLED}
    INSERT INTO settlement_settled_entry (position_id, entry_id, currency)
    SELECT DISTINCT position.id, unsettled.entry_id, unsettled.currency
    FROM unsettled
    JOIN settlement_position position
        ON position.agreement_id = unsettled.agreement_id
       AND position.settlement_id = %(settlement)s
    WHERE unsettled.currency = %(currency)s
"""
NAME_ENTRIES = """
    UPDATE {table} part
    SET journal_entry_id = named.entry_id
    FROM unnest(%(parts)s::bigint[], %(entries)s::bigint[]) AS named (part_id, entry_id)
    WHERE part.id = named.part_id AND part.journal_entry_id IS NULL
"""


class NoSuchSettlement(LedgerError):
    """There is no settlement with this id, or none that is the viewer's."""

    problem = "no-such-settlement"

    def __init__(self, settlement_id: int) -> None:
        self.settlement = settlement_id
        super().__init__(f"there is no settlement {settlement_id}")


class SettlementNotOpen(LedgerError):
    """The settlement is approved, or another calculation took its place."""

    problem = "settlement-not-open"

    def __init__(self, settlement_id: int, state: str) -> None:
        self.settlement = settlement_id
        self.state = state
        super().__init__(f"settlement {settlement_id} is {state}: there is nothing to approve")


class CheckerIsMaker(LedgerError):
    """Who calculated a settlement does not approve it."""

    problem = "checker-is-maker"

    def __init__(self, settlement_id: int, user: str) -> None:
        self.settlement = settlement_id
        self.user = user
        super().__init__(
            f"{user} calculated settlement {settlement_id}; another person approves it"
        )


class SettlementChanged(LedgerError):
    """The books say something else than when the settlement was calculated."""

    problem = "settlement-changed"

    def __init__(self, settlement_id: int, calculated: str, now_is: str | None) -> None:
        self.settlement = settlement_id
        self.calculated_hash = calculated
        self.current_hash = now_is
        super().__init__(
            f"the books changed since settlement {settlement_id} was calculated;"
            " calculate it again and look at the difference"
        )


@transaction.atomic
def approve(*, settlement_id: int, user: AbstractUser, now: datetime) -> Settlement:
    """Approve a calculated settlement and post its entries; return it as it then is.

    Locks the currency's settlements, then shares the periods (rating goes on), then balances.
    What is posted is computed from the books again, and must have the hash that was calculated.

    :raises NoSuchSettlement: if there is none.
    :raises SettlementNotOpen: if it is approved or void.
    :raises CheckerIsMaker: if the user calculated it.
    :raises SettlementChanged: if the books say something else by now; nothing is posted.
    """
    settlement = _locked(settlement_id)
    if settlement.state != Settlement.State.CALCULATED:
        raise SettlementNotOpen(settlement_id, settlement.state)
    if settlement.made_by_id == user.pk:
        raise CheckerIsMaker(settlement_id, user.get_username())
    with connection.cursor() as cursor:
        cursor.execute(SHARE_PERIODS, {"settlement": settlement_id})
    run = _recomputed(settlement)
    Approval.objects.create(
        settlement=settlement, checker_id=user.pk, input_hash=run.input_hash, approved_at=now
    )
    _settle_entries(settlement, run)
    _post(settlement, run, now=now)
    approved = Settlement.objects.filter(
        id=settlement_id, state=Settlement.State.CALCULATED
    ).update(state=Settlement.State.APPROVED)
    assert approved == 1, "a locked settlement cannot change under us"
    return Settlement.objects.get(id=settlement_id)


def _locked(settlement_id: int) -> Settlement:
    """Lock the settlements of the same currency, so that approvals follow one another."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"settlement": settlement_id})
    settlement = Settlement.objects.filter(id=settlement_id).first()
    if settlement is None:
        raise NoSuchSettlement(settlement_id)
    return settlement


def _recomputed(settlement: Settlement) -> Run:
    runs = compute(starts_on=settlement.starts_on, currency=settlement.currency)
    current = runs[0].input_hash if runs else None
    if current != settlement.input_hash:
        raise SettlementChanged(settlement.pk, settlement.input_hash, current)
    return runs[0]


def _settle_entries(settlement: Settlement, run: Run) -> None:
    """Mark the entries that go in: the database lets each of them in once."""
    with connection.cursor() as cursor:
        cursor.execute(
            SETTLE_ENTRIES,
            {
                "settlement": settlement.pk,
                "starts_on": settlement.starts_on,
                "currency": settlement.currency,
            },
        )
        if cursor.rowcount != sum(agreement.entries for agreement, _ in run.positions):
            # Somebody posted between our two looks at the books.
            raise SettlementChanged(settlement.pk, settlement.input_hash, None)


def _post(settlement: Settlement, run: Run, *, now: datetime) -> None:
    """Post what is calculated; positions and set-offs name their entries; balances come last."""
    day = last_day(settlement.ends_on)
    position_ids = dict(
        Position.objects.filter(settlement=settlement).values_list("agreement_id", "id")
    )
    netting_ids = {
        frozenset((a, b)): id_
        for a, b, id_ in Netting.objects.filter(settlement=settlement).values_list(
            "party_a__code", "party_b__code", "id"
        )
    }
    positions = [
        (position_ids[agreement.agreement_id], _position_draft(settlement, agreement, amounts, day))
        for agreement, amounts in run.positions
    ]
    # Sums that round to nothing and have no residue to move leave nothing to post.
    positions = [(id_, draft) for id_, draft in positions if draft.postings]
    nettings = [
        (
            netting_ids[frozenset((set_off.party_a, set_off.party_b))],
            netting_draft(
                set_off,
                settlement_id=settlement.pk,
                currency=settlement.currency,
                accounting_date=day,
            ),
        )
        for set_off in run.set_offs
    ]
    recorded = journal.record([draft for _, draft in (*positions, *nettings)], now=now)
    _name_entries("settlement_position", positions, recorded.entry_ids[: len(positions)])
    _name_entries("settlement_netting", nettings, recorded.entry_ids[len(positions) :])
    balances.move(recorded.moves)


def _position_draft(
    settlement: Settlement, agreement: AgreementGross, amounts: Rounded, day: date
) -> Draft:
    return position_draft(
        Clearing(
            provider=agreement.provider,
            consumer=agreement.consumer,
            currency=settlement.currency,
            payables=agreement.payables,
            gross=agreement.gross,
            rounded=amounts,
        ),
        settlement_id=settlement.pk,
        agreement=agreement.agreement,
        agreement_id=agreement.agreement_id,
        period_id=agreement.period_id,
        accounting_date=day,
    )


def _name_entries(table: str, parts: list[tuple[int, Draft]], entry_ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            NAME_ENTRIES.format(table=table),
            {"parts": [id_ for id_, _ in parts], "entries": entry_ids},
        )
        assert cursor.rowcount == len(parts), "each part names its entry once"
