"""What a viewer may read of settlements: the platform everything, a party what it is told.

A party sees approved settlements that it is in, and of each position its own side.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from ledger.parties.viewers import Viewer
from ledger.quantities import INT64_MAX
from settlement.clearing.approvals import NoSuchSettlement

SETTLEMENTS: Final = """
    SELECT settlement.id, settlement.starts_on, settlement.ends_on, settlement.currency,
           settlement.state, settlement.input_hash, settlement.calculated_at,
           CASE WHEN %(sees_all)s THEN maker.username END, approval.approved_at,
           CASE WHEN %(sees_all)s THEN checker.username END
    FROM settlement_settlement settlement
    JOIN auth_user maker ON maker.id = settlement.made_by_id
    LEFT JOIN settlement_approval approval ON approval.settlement_id = settlement.id
    LEFT JOIN auth_user checker ON checker.id = approval.checker_id
    WHERE (%(settlement)s::bigint IS NULL OR settlement.id = %(settlement)s)
      AND (%(before)s::bigint IS NULL OR settlement.id < %(before)s)
      AND (%(sees_all)s OR (settlement.state = 'approved' AND EXISTS (
            SELECT FROM settlement_position position
            JOIN ledger_agreement agreement ON agreement.id = position.agreement_id
            WHERE position.settlement_id = settlement.id
              AND %(party)s IN (agreement.provider_id, agreement.consumer_id))))
    ORDER BY settlement.id DESC
    LIMIT %(limit)s
"""
POSITIONS: Final = """
    WITH seen AS (
        SELECT position.*, agreement.code, agreement.provider_id, agreement.consumer_id,
               %(sees_all)s OR agreement.provider_id = %(party)s AS sees_provider,
               %(sees_all)s OR agreement.consumer_id = %(party)s AS sees_consumer
        FROM settlement_position position
        JOIN ledger_agreement agreement ON agreement.id = position.agreement_id
        WHERE position.settlement_id = %(settlement)s
    )
    SELECT seen.code, provider.code, consumer.code, seen.price,
           CASE WHEN sees_consumer THEN seen.carried_consumer END,
           CASE WHEN sees_consumer THEN seen.fee_consumer END,
           CASE WHEN sees_consumer THEN seen.consumer_due END,
           CASE WHEN sees_consumer THEN seen.consumer_residue END,
           CASE WHEN sees_provider THEN seen.carried_provider END,
           CASE WHEN sees_provider THEN seen.fee_provider END,
           CASE WHEN sees_provider THEN seen.provider_due END,
           CASE WHEN sees_provider THEN seen.provider_residue END,
           CASE WHEN %(sees_all)s THEN seen.platform_fee END,
           CASE WHEN %(sees_all)s THEN seen.rounding END,
           seen.journal_entry_id
    FROM seen
    JOIN ledger_party provider ON provider.id = seen.provider_id
    JOIN ledger_party consumer ON consumer.id = seen.consumer_id
    WHERE sees_provider OR sees_consumer
    ORDER BY seen.code
"""
NETTINGS: Final = """
    SELECT first.code, second.code, netting.amount, netting.journal_entry_id
    FROM settlement_netting netting
    JOIN ledger_party first ON first.id = netting.party_a_id
    JOIN ledger_party second ON second.id = netting.party_b_id
    WHERE netting.settlement_id = %(settlement)s
      AND (%(sees_all)s OR %(party)s IN (netting.party_a_id, netting.party_b_id))
    ORDER BY first.code, second.code
"""


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """A settlement in a list; maker and checker are for the platform's eyes."""

    id: int
    starts_on: date
    ends_on: date
    currency: str
    state: str
    input_hash: str
    calculated_at: datetime
    made_by: str | None
    approved_at: datetime | None
    approved_by: str | None


@dataclass(frozen=True, slots=True)
class PositionLine:
    """What an agreement comes to; None stands where the viewer has no business."""

    agreement: str
    provider: str
    consumer: str
    price: Decimal
    carried_consumer: Decimal | None
    fee_consumer: Decimal | None
    consumer_due: Decimal | None
    consumer_residue: Decimal | None
    carried_provider: Decimal | None
    fee_provider: Decimal | None
    provider_due: Decimal | None
    provider_residue: Decimal | None
    platform_fee: Decimal | None
    rounding: Decimal | None
    journal_entry_id: int | None


@dataclass(frozen=True, slots=True)
class NettingLine:
    """What two parties set off; the same party twice if it serves itself."""

    party_a: str
    party_b: str
    amount: Decimal
    journal_entry_id: int | None


@dataclass(frozen=True, slots=True)
class SettlementDetail:
    """A settlement with what of it is the viewer's."""

    settlement: SettlementLine
    positions: list[PositionLine]
    nettings: list[NettingLine]


def settlements(viewer: Viewer, *, before: int | None, limit: int) -> list[SettlementLine]:
    """Return the settlements that the viewer sees, newest first, older than the id `before`."""
    rows = _rows(SETTLEMENTS, viewer, {"settlement": None, "before": before, "limit": limit})
    return [SettlementLine(*row) for row in rows]


def settlement(viewer: Viewer, *, settlement_id: int) -> SettlementDetail:
    """Return a settlement with the viewer's positions, by agreement, and set-offs.

    :raises NoSuchSettlement: if there is none that the viewer sees.
    """
    if settlement_id > INT64_MAX:
        raise NoSuchSettlement(settlement_id)
    one = {"settlement": settlement_id, "before": None, "limit": 1}
    rows = _rows(SETTLEMENTS, viewer, one)
    if not rows:
        raise NoSuchSettlement(settlement_id)
    scope = {"settlement": settlement_id}
    return SettlementDetail(
        settlement=SettlementLine(*rows[0]),
        positions=[PositionLine(*row) for row in _rows(POSITIONS, viewer, scope)],
        nettings=[NettingLine(*row) for row in _rows(NETTINGS, viewer, scope)],
    )


def _rows(sql: str, viewer: Viewer, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    scope = {"party": viewer.party_id, "sees_all": viewer.sees_all}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**scope, **parameters})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
