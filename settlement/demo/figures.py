"""What the books say at the end of the demo, for its summary."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from ledger.books import balances
from ledger.quantities import (
    JOULES_PER_KWH,
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    PICO_PER_UNIT,
    in_units,
)
from ledger.tokens import TOKEN_CLASSES
from settlement.statements import statement

COMPONENTS: Final = (
    *("compute", "energy", "green", "scarcity", "margin"),
    *("fee_provider", "fee_consumer"),
)

TOKENS: Final = f"""
    SELECT COALESCE(sum(events), 0),
           {", ".join(f"COALESCE(sum({name}), 0)" for name in TOKEN_CLASSES)}
    FROM ledger_usage_rollup
"""
MONEY: Final = f"""
    SELECT currency, {", ".join(f"sum({name})" for name in COMPONENTS)}
    FROM ledger_usage_rollup
    GROUP BY currency
    ORDER BY currency
"""
DEPLOYMENTS: Final = f"""
    SELECT deployment.code, site.name, sum(rollup.events),
           sum({" + ".join(f"rollup.{name}" for name in TOKEN_CLASSES)}),
           sum(rollup.energy_microjoules), sum(rollup.co2_location_nanograms),
           sum(rollup.co2_market_nanograms)
    FROM ledger_usage_rollup rollup
    JOIN ledger_deployment deployment ON deployment.id = rollup.deployment_id
    JOIN ledger_site site ON site.id = deployment.site_id
    GROUP BY deployment.code, site.name
    ORDER BY deployment.code
"""
DUES: Final = """
    SELECT settlement.currency, provider.code, consumer.code, position.consumer_due,
           position.provider_due, position.platform_fee, position.rounding
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    JOIN ledger_agreement agreement ON agreement.id = position.agreement_id
    JOIN ledger_party provider ON provider.id = agreement.provider_id
    JOIN ledger_party consumer ON consumer.id = agreement.consumer_id
    WHERE settlement.id = ANY(%(settlements)s) AND settlement.state = 'approved'
    ORDER BY settlement.currency, provider.code, consumer.code
"""
SET_OFFS: Final = """
    SELECT settlement.currency, first.code, second.code, netting.amount
    FROM settlement_netting netting
    JOIN settlement_settlement settlement ON settlement.id = netting.settlement_id
    JOIN ledger_party first ON first.id = netting.party_a_id
    JOIN ledger_party second ON second.id = netting.party_b_id
    WHERE settlement.id = ANY(%(settlements)s) AND settlement.state = 'approved'
    ORDER BY settlement.currency, first.code, second.code
"""


@dataclass(frozen=True, slots=True)
class Served:
    """What one deployment served."""

    deployment: str
    site: str
    events: int
    tokens: int
    kwh: Decimal
    co2_location_grams: Decimal
    co2_market_grams: Decimal


@dataclass(frozen=True, slots=True)
class DueLine:
    """What one agreement settled to."""

    currency: str
    provider: str
    consumer: str
    consumer_due: Decimal
    provider_due: Decimal
    platform_fee: Decimal
    rounding: Decimal


@dataclass(frozen=True, slots=True)
class Figures:
    """The books in figures: tokens by class, money by currency and component, all exact.

    `net` is what each party is paid (negative: pays) by currency; `trial_balance` is
    (debits, credits) by commodity.
    """

    events: int
    tokens: dict[str, int]
    money: dict[str, dict[str, Decimal]]
    served: list[Served]
    dues: list[DueLine]
    set_offs: list[tuple[str, str, str, Decimal]]
    net: list[tuple[str, str, str, Decimal]]
    trial_balance: dict[str, tuple[Decimal, Decimal]]


def read(*, settlement_ids: list[int]) -> Figures:
    """Return what the books say now."""
    (events, *counts) = _rows(TOKENS)[0]
    settled = {"settlements": settlement_ids}
    return Figures(
        events=int(events),
        tokens={
            name: int(count) for name, count in zip(TOKEN_CLASSES, counts, strict=True) if count
        },
        money={
            currency: {
                name: in_units(int(amount), per_unit=PICO_PER_UNIT)
                for name, amount in zip(COMPONENTS, amounts, strict=True)
            }
            for currency, *amounts in _rows(MONEY)
        },
        served=[_served(row) for row in _rows(DEPLOYMENTS)],
        dues=[DueLine(*row) for row in _rows(DUES, settled)],
        set_offs=_rows(SET_OFFS, settled),
        net=sorted(
            (told.currency, told.party, told.party_name, told.net)
            for settlement_id in settlement_ids
            for told in statement.statements(settlement_id=settlement_id)
        ),
        trial_balance=balances.trial_balance(),
    )


def _served(row: tuple[Any, ...]) -> Served:
    deployment, site, events, tokens, microjoules, location, market = row
    return Served(
        deployment=deployment,
        site=site,
        events=int(events),
        tokens=int(tokens),
        kwh=in_units(int(microjoules), per_unit=MICROJOULES_PER_JOULE * JOULES_PER_KWH),
        co2_location_grams=in_units(int(location), per_unit=NANOGRAMS_PER_GRAM),
        co2_market_grams=in_units(int(market), per_unit=NANOGRAMS_PER_GRAM),
    )


def _rows(sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
