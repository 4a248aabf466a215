"""What a party is told of a settlement: opening, lines, fees, what is due, what stays.

Signs turn here and nowhere else: an amount in a statement is positive when it is charged to a
consumer or credited to a provider, whatever side of an account it stands on.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final, Literal

from django.db import connection

from ledger.books import accounts
from ledger.parties.models import Party
from ledger.quantities import EXACT
from settlement.clearing.approvals import NoSuchSettlement
from settlement.clearing.models import Settlement

POSITIONS: Final = """
    SELECT position.id, agreement.code, provider.code, provider.name, consumer.code, consumer.name,
           position.price, position.fee_consumer, position.fee_provider,
           position.carried_consumer, position.carried_provider,
           position.consumer_due, position.provider_due,
           position.consumer_residue, position.provider_residue
    FROM settlement_position position
    JOIN ledger_agreement agreement ON agreement.id = position.agreement_id
    JOIN ledger_party provider ON provider.id = agreement.provider_id
    JOIN ledger_party consumer ON consumer.id = agreement.consumer_id
    WHERE position.settlement_id = %(settlement)s
      AND (%(party)s::bigint IS NULL
           OR %(party)s IN (agreement.provider_id, agreement.consumer_id))
    ORDER BY agreement.code
"""
LINES: Final = """
    SELECT line.position_id, line.kind, deployment.code, deployment.model, line.prior_period,
           line.discloses_cost, line.events, line.tokens, line.energy_joules,
           line.co2_location_grams, line.co2_market_grams,
           line.compute, line.energy, line.green, line.scarcity, line.margin,
           line.fee_consumer, line.fee_provider
    FROM settlement_statement_line line
    LEFT JOIN ledger_deployment deployment ON deployment.id = line.deployment_id
    WHERE line.position_id = ANY(%(positions)s)
    ORDER BY line.position_id, deployment.code NULLS LAST, line.kind, line.prior_period
"""
TRUE_UPS: Final = """
    SELECT position.id, period.starts_on, true_up.working,
           true_up.volume, true_up.discount, true_up.commitment,
           COALESCE(-(SELECT sum(posting.amount)
                      FROM ledger_posting posting
                      JOIN ledger_account account ON account.id = posting.account_id
                      WHERE posting.entry_id = true_up.journal_entry_id
                        AND account.purpose = 'payable' AND account.component <> 'fee'), 0)
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    JOIN settlement_true_up true_up
        ON true_up.booked_period_id = position.period_id AND true_up.currency = settlement.currency
    JOIN ledger_period period ON period.id = true_up.period_id
    WHERE position.id = ANY(%(positions)s)
    ORDER BY position.id, period.starts_on
"""
SET_OFFS: Final = """
    SELECT first.code, second.code, netting.amount
    FROM settlement_netting netting
    JOIN ledger_party first ON first.id = netting.party_a_id
    JOIN ledger_party second ON second.id = netting.party_b_id
    WHERE netting.settlement_id = %(settlement)s
      AND (%(party)s::bigint IS NULL OR %(party)s IN (netting.party_a_id, netting.party_b_id))
    ORDER BY first.code, second.code
"""
DUES: Final = """
    SELECT account.code, sum(balance.debits - balance.credits)
    FROM ledger_account account
    JOIN ledger_balance balance ON balance.account_id = account.id
    WHERE account.purpose = 'due' AND account.commodity = %(currency)s
      AND balance.accounting_date < %(ends_on)s
      AND (%(party)s::bigint IS NULL OR account.party_id = %(party)s)
    GROUP BY account.code
"""

Role = Literal["consumer", "provider"]
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Components:
    """The parts of a price: cost of compute, energy, green energy and scarcity, and the margin."""

    compute: Decimal
    energy: Decimal
    green: Decimal
    scarcity: Decimal
    margin: Decimal


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What one deployment served (`kind` usage), or what corrections or true-ups changed.

    `components` is None where the provider does not disclose them to the consumer. `fee` is the
    party's own part of the platform's fee: added for a consumer, taken off for a provider.
    """

    kind: str
    deployment: str | None
    model: str | None
    prior_period: bool
    events: int
    tokens: Decimal
    energy_joules: Decimal
    co2_location_grams: Decimal
    co2_market_grams: Decimal
    components: Components | None
    price: Decimal
    fee: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TrueUpWorking:
    """How volume terms came to what they add to a month, and what of it is in this settlement.

    `volume`, `discount` and `commitment` are of the whole month, as now known; `booked` is what
    they differ by from what was booked for the month before. `working` has a row a step.
    """

    month: date
    working: list[dict[str, str]]
    volume: Decimal
    discount: Decimal
    commitment: Decimal
    booked: Decimal


@dataclass(frozen=True, slots=True)
class Section:
    """One agreement in one role: carried + price ± fee = due + residue."""

    role: Role
    agreement: str
    counterparty: str
    counterparty_name: str
    carried: Decimal
    rows: list[StatementRow]
    true_ups: list[TrueUpWorking]
    price: Decimal
    fee: Decimal
    due: Decimal
    residue: Decimal


@dataclass(frozen=True, slots=True)
class Side:
    """A party's account of dues in one role: opening + due - set off = closing."""

    role: Role
    opening: Decimal
    due: Decimal
    set_off: Decimal
    closing: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """A settlement as one party reads it; `net` is what it is to be paid, negative what it pays."""

    settlement_id: int
    state: str
    starts_on: date
    ends_on: date
    currency: str
    party: str
    party_name: str
    sections: list[Section]
    set_offs: list[tuple[str, Decimal]]
    sides: list[Side]
    net: Decimal
    events: int
    tokens: Decimal
    energy_joules: Decimal
    co2_location_grams: Decimal
    co2_market_grams: Decimal


@dataclass(frozen=True, slots=True)
class Material:
    """The rows behind statements: of one party's, or of everybody's."""

    settlement: Settlement
    positions: list[tuple[Any, ...]]
    lines: dict[int, list[tuple[Any, ...]]]
    true_ups: dict[int, list[TrueUpWorking]]
    set_offs: list[tuple[str, str, Decimal]]
    dues: dict[str, Decimal]


def statement(*, settlement_id: int, party: Party) -> Statement:
    """Return what the party is told of the settlement; its sections are empty if it is not in it.

    :raises NoSuchSettlement: if there is none.
    """
    material = _material(settlement_id, party_id=party.pk)
    return _statement(material, party=party.code, name=party.name)


def statements(*, settlement_id: int) -> list[Statement]:
    """Return the statement of every party that is in the settlement, by party code.

    Five statements of SQL and one for the settlement, however many parties there are.

    :raises NoSuchSettlement: if there is none.
    """
    material = _material(settlement_id, party_id=None)
    names: dict[str, str] = {}
    for row in material.positions:
        names |= {row[2]: row[3], row[4]: row[5]}
    return [_statement(material, party=code, name=name) for code, name in sorted(names.items())]


def _material(settlement_id: int, *, party_id: int | None) -> Material:
    settlement = Settlement.objects.filter(id=settlement_id).first()
    if settlement is None:
        raise NoSuchSettlement(settlement_id)
    scope = {"settlement": settlement_id, "party": party_id}
    positions = _rows(POSITIONS, scope)
    lines: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    numbers = {"positions": [position[0] for position in positions]}
    for row in _rows(LINES, numbers):
        lines[row[0]].append(row)
    true_ups: dict[int, list[TrueUpWorking]] = defaultdict(list)
    for position_id, month, working, *amounts in _rows(TRUE_UPS, numbers):
        steps = json.loads(working) if isinstance(working, str) else working
        true_ups[position_id].append(TrueUpWorking(month, steps, *amounts))
    dues = _rows(
        DUES,
        {"currency": settlement.currency, "ends_on": settlement.ends_on, "party": party_id},
    )
    return Material(
        settlement=settlement,
        positions=positions,
        lines=lines,
        true_ups=true_ups,
        set_offs=[(first, second, amount) for first, second, amount in _rows(SET_OFFS, scope)],
        dues=dict(dues),
    )


def _statement(material: Material, *, party: str, name: str) -> Statement:
    settlement = material.settlement
    with localcontext(EXACT):
        sections = [
            section
            for position in material.positions
            for section in _sections(position, material, party=party)
        ]
        set_offs = [
            (second if first == party else first, amount)
            for first, second, amount in material.set_offs
            if party in (first, second)
        ]
        sides = _sides(material, sections, party=party, set_offs=set_offs)
        return Statement(
            settlement_id=settlement.pk,
            state=settlement.state,
            starts_on=settlement.starts_on,
            ends_on=settlement.ends_on,
            currency=settlement.currency,
            party=party,
            party_name=name,
            sections=sections,
            set_offs=set_offs,
            sides=sides,
            net=sum(
                (one.closing if one.role == "provider" else -one.closing for one in sides), ZERO
            ),
            **_quantities(sections),
        )


def _sides(
    material: Material,
    sections: list[Section],
    *,
    party: str,
    set_offs: list[tuple[str, Decimal]],
) -> list[Side]:
    """Return the party's accounts of dues; what this settlement has not posted yet is added."""
    currency = material.settlement.currency
    posted = material.settlement.state == Settlement.State.APPROVED
    set_off = sum((amount for _, amount in set_offs), ZERO)
    roles: tuple[Role, ...] = ("consumer", "provider")
    sides = []
    for role in roles:
        dues = [section.due for section in sections if section.role == role]
        if not dues:
            continue
        balance = material.dues.get(
            accounts.code(f"{role}:{party}", "due", commodity=currency), ZERO
        )
        stands = balance if role == "consumer" else -balance
        due = sum(dues, ZERO)
        opening = stands - (due - set_off) if posted else stands
        sides.append(Side(role, opening, due, set_off, opening + due - set_off))
    return sides


def _quantities(sections: list[Section]) -> dict[str, Any]:
    """Return what was served in all; a party that serves itself reads its usage once."""
    told = {
        (section.agreement, number): row
        for section in sections
        for number, row in enumerate(section.rows)
    }
    sums: dict[str, Any] = {
        name: sum((getattr(row, name) for row in told.values()), ZERO)
        for name in ("tokens", "energy_joules", "co2_location_grams", "co2_market_grams")
    }
    return {"events": sum(row.events for row in told.values()), **sums}


def _sections(position: tuple[Any, ...], material: Material, *, party: str) -> list[Section]:
    """Return the position as the party reads it: in one role, or in both if it serves itself."""
    agreement, provider, provider_name, consumer, consumer_name = position[1:6]
    price, fee_consumer, fee_provider, carried_consumer, carried_provider = position[6:11]
    consumer_due, provider_due, consumer_residue, provider_residue = position[11:]
    lines, true_ups = material.lines[position[0]], material.true_ups[position[0]]
    sections = []
    if consumer == party:
        rows = [_row(line, role="consumer", sees_cost=provider == party) for line in lines]
        sections.append(
            Section(
                role="consumer",
                agreement=agreement,
                counterparty=provider,
                counterparty_name=provider_name,
                carried=carried_consumer,
                rows=rows,
                true_ups=true_ups,
                price=price,
                fee=fee_consumer,
                due=consumer_due,
                residue=consumer_residue,
            )
        )
    if provider == party:
        rows = [_row(line, role="provider", sees_cost=True) for line in lines]
        sections.append(
            Section(
                role="provider",
                agreement=agreement,
                counterparty=consumer,
                counterparty_name=consumer_name,
                carried=carried_provider,
                rows=rows,
                true_ups=true_ups,
                price=price,
                fee=fee_provider,
                due=provider_due,
                residue=provider_residue,
            )
        )
    return sections


def _row(line: tuple[Any, ...], *, role: Role, sees_cost: bool) -> StatementRow:
    _, kind, deployment, model, prior_period, discloses_cost = line[:6]
    events, tokens, joules, location, market = line[6:11]
    components = Components(*line[11:16])
    price = sum(line[11:16], ZERO)
    fee_consumer, fee_provider = line[16:]
    fee = fee_consumer if role == "consumer" else fee_provider
    return StatementRow(
        kind=kind,
        deployment=deployment,
        model=model,
        prior_period=prior_period,
        events=events,
        tokens=tokens,
        energy_joules=joules,
        co2_location_grams=location,
        co2_market_grams=market,
        components=components if sees_cost or discloses_cost else None,
        price=price,
        fee=fee,
        amount=price + fee if role == "consumer" else price - fee,
    )


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
