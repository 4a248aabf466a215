"""What usage says in the general journal: sums of usage entries become one entry's postings. Pure.

Signs: debit positive. Tokens, joules and grams pass from the provider's accounts to the
consumer's as money passes the other way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ledger.quantities import (
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    PICO_PER_UNIT,
    Physical,
    in_units,
)

PRICE_COMPONENTS: Final = ("compute", "energy", "green", "scarcity", "margin")


@dataclass(frozen=True, slots=True)
class Sums:
    """Whole sub-units summed over the usage entries of one journal entry.

    `amounts` has every component of a usage entry; `microjoules_by_site` splits its energy.
    """

    tokens: int
    amounts: Mapping[str, int]
    microjoules_by_site: Mapping[str, int]


def postings(
    sums: Sums, *, consumer: str, provider: str, currency: str
) -> tuple[tuple[str, Decimal], ...]:
    """Return (account code, amount) for one agreement, currency and accounting date.

    The consumer owes the price and its part of the fee; the provider is owed the price less its
    part. Zero is not posted.
    """
    amounts = sums.amounts
    price = sum(amounts[name] for name in PRICE_COMPONENTS)
    fee = amounts["fee_provider"] + amounts["fee_consumer"]
    money = [(f"consumer:{consumer}:receivable", price + amounts["fee_consumer"])]
    money += [(f"provider:{provider}:payable:{name}", -amounts[name]) for name in PRICE_COMPONENTS]
    money += [
        (f"provider:{provider}:payable:fee", amounts["fee_provider"]),
        ("platform:fees", -fee),
    ]
    joules = sum(sums.microjoules_by_site.values())
    assert joules == amounts["energy_microjoules"], "sites share the entry's energy"
    kind = [
        ("tokens", Physical.TOKENS, Decimal(sums.tokens)),
        ("co2_location", Physical.CO2_LOCATION, _grams(amounts["co2_location_nanograms"])),
        ("co2_market", Physical.CO2_MARKET, _grams(amounts["co2_market_nanograms"])),
    ]
    energy = [
        (f"consumer:{consumer}:energy:J", _joules(joules)),
        *(
            (f"provider:{provider}:energy:{site}:J", -_joules(share))
            for site, share in sorted(sums.microjoules_by_site.items())
        ),
    ]
    posted = [
        *((f"{code}:{currency}", in_units(pico, per_unit=PICO_PER_UNIT)) for code, pico in money),
        *((f"consumer:{consumer}:{purpose}:{unit}", amount) for purpose, unit, amount in kind),
        *((f"provider:{provider}:{purpose}:{unit}", -amount) for purpose, unit, amount in kind),
        *energy,
    ]
    return tuple((code, amount) for code, amount in posted if amount != 0)


def _joules(microjoules: int) -> Decimal:
    return in_units(microjoules, per_unit=MICROJOULES_PER_JOULE)


def _grams(nanograms: int) -> Decimal:
    return in_units(nanograms, per_unit=NANOGRAMS_PER_GRAM)
