"""What the books say at the cut-off: unsettled sums per agreement, and the usage behind them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final

from django.db import connection

from ledger.errors import LedgerError
from ledger.quantities import (
    EXACT,
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    PICO_PER_UNIT,
    in_units,
)
from ledger.rating.archive.records import AWAY_USAGE
from ledger.rating.postings import PRICE_COMPONENTS
from ledger.tokens import TOKEN_CLASSES
from settlement.clearing.entries import RESIDUE
from settlement.clearing.rounding import Gross

UNSETTLED: Final = """
    WITH unsettled AS MATERIALIZED (
        SELECT entry.id AS entry_id, entry.agreement_id, entry.kind, entry.prior_period,
               account.commodity AS currency, account.purpose, account.component, posting.amount
        FROM ledger_journal_entry entry
        JOIN ledger_period period
            ON period.agreement_id = entry.agreement_id
           AND period.starts_on = %(starts_on)s AND period.state = 'closed'
        JOIN ledger_posting posting ON posting.entry_id = entry.id
        JOIN ledger_account account ON account.id = posting.account_id
        WHERE entry.accounting_date < period.ends_on
          AND entry.kind <> 'settlement'
          AND (account.purpose IN ('receivable', 'payable')
               OR (account.purpose = 'fees' AND account.component = ''))
          AND NOT EXISTS (
                SELECT FROM settlement_settled_entry settled
                WHERE settled.entry_id = entry.id AND settled.currency = account.commodity
          )
    )
"""
"""Entries of agreements dated before the cut-off that no settlement has taken in yet."""

SUMS: Final = f"""
    {UNSETTLED}
    SELECT agreement_id, currency, purpose, component, sum(amount)
    FROM unsettled
    GROUP BY agreement_id, currency, purpose, component
"""
ENTRIES: Final = f"""
    {UNSETTLED}
    SELECT agreement.id, agreement.code, provider.id, provider.code, consumer.id, consumer.code,
           period.id, entries.currency, count(*),
           md5(string_agg(entries.entry_id::text, ',' ORDER BY entries.entry_id))
    FROM (SELECT DISTINCT agreement_id, currency, entry_id FROM unsettled) entries
    JOIN ledger_agreement agreement ON agreement.id = entries.agreement_id
    JOIN ledger_party provider ON provider.id = agreement.provider_id
    JOIN ledger_party consumer ON consumer.id = agreement.consumer_id
    JOIN ledger_period period
        ON period.agreement_id = agreement.id AND period.starts_on = %(starts_on)s
    GROUP BY agreement.id, provider.id, consumer.id, period.id, entries.currency
    ORDER BY agreement.code, entries.currency
"""
CARRIED: Final = """
    SELECT DISTINCT ON (position.agreement_id, settlement.currency)
           position.agreement_id, settlement.currency,
           position.consumer_residue, position.provider_residue
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    JOIN settlement_approval approval ON approval.settlement_id = settlement.id
    WHERE settlement.state = 'approved'
    ORDER BY position.agreement_id, settlement.currency, approval.id DESC
"""
LINE_MEASURES: Final = (
    "energy_microjoules",
    "co2_location_nanograms",
    "co2_market_nanograms",
    *PRICE_COMPONENTS,
    "fee_consumer",
    "fee_provider",
)
LINES: Final = f"""
    {UNSETTLED},
    entries AS (
        SELECT DISTINCT entry_id, agreement_id, currency, prior_period
        FROM unsettled
        WHERE kind = 'usage'
    ), at_hand AS (
        SELECT usage.journal_entry_id AS entry_id, usage.deployment_id, usage.agreement_version_id,
               sum(CASE usage.kind WHEN 'reversal' THEN -1 ELSE 1 END) AS events,
               sum({" + ".join(f"usage.{name}" for name in TOKEN_CLASSES)}) AS tokens,
               {", ".join(f"sum(usage.{name}) AS {name}" for name in LINE_MEASURES)}
        FROM entries
        JOIN ledger_usage_entry usage ON usage.journal_entry_id = entries.entry_id
        GROUP BY 1, 2, 3
    ), away AS (
        SELECT usage.journal_entry_id AS entry_id, usage.deployment_id, usage.agreement_version_id,
               usage.events, {" + ".join(f"usage.{name}" for name in TOKEN_CLASSES)} AS tokens,
               {", ".join(f"usage.{name}" for name in LINE_MEASURES)}
        FROM entries
        JOIN {AWAY_USAGE} usage ON usage.journal_entry_id = entries.entry_id
    )
    SELECT entries.agreement_id, entries.currency, usage.deployment_id, entries.prior_period,
           bool_and(version.discloses_cost), sum(usage.events), sum(usage.tokens),
           {", ".join(f"sum(usage.{name})" for name in LINE_MEASURES)}
    FROM entries
    JOIN (SELECT * FROM at_hand UNION ALL SELECT * FROM away) usage USING (entry_id)
    JOIN ledger_agreement_version version ON version.id = usage.agreement_version_id
    GROUP BY entries.agreement_id, entries.currency, usage.deployment_id, entries.prior_period
    ORDER BY entries.agreement_id, entries.currency, usage.deployment_id, entries.prior_period
"""
"""Also of usage that is in archives by now: of it the sums by journal entry are enough."""

OTHER_ENTRIES: Final = f"""
    {UNSETTLED},
    entries AS (
        SELECT DISTINCT entry_id, agreement_id, currency, prior_period,
               CASE kind WHEN 'true_up' THEN kind ELSE 'correction' END AS kind
        FROM unsettled
        WHERE kind <> 'usage'
    )
    SELECT entries.agreement_id, entries.currency, entries.kind, entries.prior_period,
           account.commodity, account.purpose, account.component, sum(posting.amount)
    FROM entries
    JOIN ledger_posting posting ON posting.entry_id = entries.entry_id
    JOIN ledger_account account ON account.id = posting.account_id
    WHERE (account.commodity = entries.currency AND account.purpose IN ('receivable', 'payable'))
       OR (account.purpose IN ('tokens', 'energy', 'co2_location', 'co2_market')
           AND starts_with(account.code, 'consumer:'))
    GROUP BY entries.agreement_id, entries.currency, entries.kind, entries.prior_period,
             account.commodity, account.purpose, account.component
"""

ZERO: Final = Decimal(0)
FEE: Final = "fee"
USAGE: Final = "usage"
PHYSICAL: Final = {
    "tokens": "tokens",
    "energy": "energy_joules",
    "co2_location": "co2_location_grams",
    "co2_market": "co2_market_grams",
}


class AgreementOutOfBalance(LedgerError):
    """Entries of an agreement hold money on accounts that no settlement clears."""

    problem = "agreement-out-of-balance"

    def __init__(self, agreement: str, currency: str, surplus: Decimal) -> None:
        self.agreement = agreement
        self.currency = currency
        self.surplus = surplus
        super().__init__(
            f"{surplus:f} {currency} of agreement {agreement} stand on other accounts than"
            " receivable, payable and fees; post without naming the agreement, or clear them"
        )


@dataclass(frozen=True, slots=True)
class Line:
    """What one deployment served, or (without one) what true-ups or corrections changed."""

    kind: str
    deployment_id: int | None
    prior_period: bool
    discloses_cost: bool
    events: int
    tokens: Decimal
    energy_joules: Decimal
    co2_location_grams: Decimal
    co2_market_grams: Decimal
    compute: Decimal
    energy: Decimal
    green: Decimal
    scarcity: Decimal
    margin: Decimal
    fee_consumer: Decimal
    fee_provider: Decimal

    @property
    def price(self) -> Decimal:
        """Return the sum of the price's components."""
        with localcontext(EXACT):
            return sum((getattr(self, name) for name in PRICE_COMPONENTS), ZERO)


@dataclass(frozen=True, slots=True)
class AgreementGross:
    """An agreement at the cut-off, in one currency.

    `payables` is by component as it stands on the accounts, debit positive.
    """

    agreement_id: int
    agreement: str
    provider_id: int
    provider: str
    consumer_id: int
    consumer: str
    period_id: int
    currency: str
    entries: int
    entries_digest: str
    payables: dict[str, Decimal]
    gross: Gross
    lines: list[Line] = field(default_factory=list)


Key = tuple[int, str]
"""(agreement id, currency)"""


def at_cut_off(*, starts_on: date, currency: str | None = None) -> list[AgreementGross]:
    """Return every agreement with unsettled entries of the month that begins then, or earlier.

    By agreement code. Only agreements whose period of the month is closed are in; five statements,
    whatever their number.

    :raises AgreementOutOfBalance: if entries of an agreement reach beyond what is settled.
    """
    parameters = {"starts_on": starts_on}
    sums: dict[Key, dict[tuple[str, str], Decimal]] = defaultdict(dict)
    for agreement_id, unit, purpose, component, amount in _rows(SUMS, parameters):
        sums[agreement_id, unit][purpose, component] = amount
    carried = {(row[0], row[1]): (row[2], row[3]) for row in _rows(CARRIED, {})}
    lines = _usage_lines(parameters)
    for key, others in _other_lines(parameters).items():
        lines[key] += others
    found = []
    for row in _rows(ENTRIES, parameters):
        key = (row[0], row[7])
        if currency is not None and key[1] != currency:
            continue
        found.append(_agreement(row, sums[key], carried.get(key, (ZERO, ZERO)), lines[key]))
    return found


def _agreement(
    row: tuple[Any, ...],
    sums: dict[tuple[str, str], Decimal],
    carried: tuple[Decimal, Decimal],
    lines: list[Line],
) -> AgreementGross:
    payables = {
        component: amount for (purpose, component), amount in sums.items() if purpose == "payable"
    }
    receivable = sums.get(("receivable", ""), ZERO)
    with localcontext(EXACT):
        surplus = sum(sums.values(), ZERO)
        if surplus:
            raise AgreementOutOfBalance(row[1], row[7], -surplus)
        price = -sum(
            (amount for name, amount in payables.items() if name not in (FEE, RESIDUE)), ZERO
        )
        gross = Gross(
            price=price,
            fee_consumer=receivable - price,
            fee_provider=payables.get(FEE, ZERO),
            carried_consumer=carried[0],
            # A settlement that was reversed has given its residue back.
            carried_provider=carried[1] - payables.get(RESIDUE, ZERO),
        )
        assert sum((line.price for line in lines), ZERO) == gross.price, "lines are the postings"
        for name in ("fee_consumer", "fee_provider"):
            total = sum((getattr(line, name) for line in lines), ZERO)
            assert total == getattr(gross, name), "lines are the postings"
    agreement_id, code, provider_id, provider, consumer_id, consumer = row[:6]
    period_id, currency, entries, digest = row[6:]
    return AgreementGross(
        agreement_id=agreement_id,
        agreement=code,
        provider_id=provider_id,
        provider=provider,
        consumer_id=consumer_id,
        consumer=consumer,
        period_id=period_id,
        currency=currency,
        entries=entries,
        entries_digest=digest,
        payables=payables,
        gross=gross,
        lines=lines,
    )


def _usage_lines(parameters: dict[str, Any]) -> dict[Key, list[Line]]:
    """Return lines by agreement and currency, summed over the usage entries themselves."""
    lines: dict[Key, list[Line]] = defaultdict(list)
    for row in _rows(LINES, parameters, in_one_pass=True):
        agreement_id, currency, deployment_id, prior_period, discloses_cost = row[:5]
        events, tokens, joules = row[5:8]
        lines[agreement_id, currency].append(
            Line(
                USAGE,
                deployment_id,
                prior_period,
                discloses_cost,
                int(events),
                tokens,
                in_units(int(joules), per_unit=MICROJOULES_PER_JOULE),
                *(in_units(int(grams), per_unit=NANOGRAMS_PER_GRAM) for grams in row[8:10]),
                *(in_units(int(money), per_unit=PICO_PER_UNIT) for money in row[10:]),
            )
        )
    return lines


def _other_lines(parameters: dict[str, Any]) -> dict[Key, list[Line]]:
    """Return a line an agreement for its true-ups, and one for its corrections, from postings."""
    sums: dict[tuple[Key, str, bool], dict[str, Decimal]] = defaultdict(
        lambda: defaultdict(Decimal)
    )
    with localcontext(EXACT):
        for row in _rows(OTHER_ENTRIES, parameters):
            agreement_id, currency, kind, prior_period, commodity, purpose, component, amount = row
            line = sums[(agreement_id, currency), kind, prior_period]
            if commodity != currency:
                line[PHYSICAL[purpose]] += amount
            elif purpose == "receivable":
                line["fee_consumer"] += amount
            elif component == FEE:
                line["fee_provider"] += amount
            elif component != RESIDUE:
                # True-ups, and components that only a person would post, are none of the cost:
                # they are margin.
                line[component if component in PRICE_COMPONENTS else "margin"] -= amount
                line["fee_consumer"] += amount
    lines: dict[Key, list[Line]] = defaultdict(list)
    names = (*PHYSICAL.values(), *PRICE_COMPONENTS, "fee_consumer", "fee_provider")
    for (key, kind, prior_period), amounts in sorted(sums.items()):
        values = [amounts.get(name, ZERO) for name in names]
        lines[key].append(Line(kind, None, prior_period, False, 0, *values))
    return lines


def _rows(
    sql: str, parameters: dict[str, Any], *, in_one_pass: bool = False
) -> list[tuple[Any, ...]]:
    """Return the rows of a query.

    `in_one_pass` keeps the planner from reading the usage journal once per entry, which it does
    for a month so new that it has no statistics yet.
    """
    with connection.cursor() as cursor:
        if in_one_pass:
            cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        if in_one_pass:
            cursor.execute("SET LOCAL enable_nestloop = on")
    return rows
