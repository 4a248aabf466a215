"""Attacks on rates, and on the catalogue that they were compiled from."""

from typing import Final

from tests.ledger.audit.attacks import attack

RATES: Final = (
    attack(
        "a slot rate's figure per token",
        "UPDATE ledger_slot_rate SET energy[1] = energy[1] + 1",
        seen_by="slot-rates",
    ),
    attack(
        "a slot rate's joules per token",
        "UPDATE ledger_slot_rate SET energy_microjoules[1] = energy_microjoules[1] + 1",
        seen_by="slot-rates amounts",
    ),
    attack(
        "a price rate's figure per token",
        "UPDATE ledger_price_rate SET price[1] = price[1] + 1, margin[1] = margin[1] + 1",
        seen_by="price-rates amounts",
    ),
    attack(
        "a price that is not the sum of its parts",
        "UPDATE ledger_price_rate SET price[1] = price[1] + 1",
        seen_by="price-rates price-parts",
    ),
    attack(
        "a price rate's inputs",
        """UPDATE ledger_price_rate
           SET inputs = jsonb_set(inputs, '{terms,fee_rate}', '"0.5"')""",
        seen_by="price-rates rate-sources",
    ),
    attack(
        "a slot rate's inputs",
        """UPDATE ledger_slot_rate SET inputs = jsonb_set(inputs, '{pue,pue}', '"1.3"')""",
        seen_by="slot-rates price-rates rate-sources",
    ),
    attack(
        "inputs emptied",
        "UPDATE ledger_slot_rate SET inputs = '{}'",
        seen_by="slot-rates price-rates rate-sources rates-in-force",
    ),
    attack(
        "a tariff's terms emptied",
        "UPDATE ledger_tariff_version SET terms = '{}'",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "another slot rate beneath a price rate",
        """UPDATE ledger_price_rate SET slot_rate_id =
               (SELECT price_rate.slot_rate_id FROM ledger_usage_entry entry
                JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
                WHERE entry.event_id = 'flat')
           WHERE id = (SELECT price_rate_id FROM ledger_usage_entry WHERE event_id = 'late')""",
        seen_by="price-rates rates-in-force",
    ),
    attack(
        "a price rate's currency",
        "UPDATE ledger_price_rate SET currency = 'EUR'",
        seen_by="rate-sources usage-postings rollups archive-copies true-up-sums",
    ),
    attack(
        "an agreement version's currency",
        "UPDATE ledger_agreement_version SET currency = 'EUR'",
        seen_by="rate-sources",
    ),
    attack(
        "an agreement version's fee",
        "UPDATE ledger_agreement_version SET fee_rate = fee_rate + 0.000000000001",
        seen_by="rate-sources true-ups",
    ),
    attack(
        "a rate card's margin",
        """UPDATE ledger_rate_card_version SET terms = jsonb_set(terms, '{margin}', '"0.3"')""",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "a tariff's price",
        """UPDATE ledger_tariff_version
           SET terms = jsonb_set(terms, '{published,peak}', '"0.73"')""",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "a tariff's peak hours",
        """UPDATE ledger_tariff_version
           SET terms = jsonb_set(terms, '{windows,1,spans,0,0}', '"10:45"')""",
        seen_by="rates-in-force",
    ),
    attack(
        "a slot rate's water",
        "UPDATE ledger_slot_rate SET water_nanolitres[1] = water_nanolitres[1] - 1",
        seen_by="slot-rates",
    ),
    attack(
        "a slot rate's embodied emissions made unknown",
        "UPDATE ledger_slot_rate SET embodied_nanograms = NULL",
        seen_by="slot-rates",
    ),
    attack(
        "a market's price",
        "UPDATE ledger_price_day SET prices = jsonb_set(prices, '{14}', '\"0.31\"')",
        seen_by="rate-sources",
    ),
    attack(
        "a market's day",
        "UPDATE ledger_price_day SET day = day + 1",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "a fixed part of a market tariff",
        """UPDATE ledger_tariff_version
           SET terms = jsonb_set(terms, '{components,0,per_kwh}', '"0.07"')
           WHERE terms ->> 'kind' = 'series'""",
        seen_by="rate-sources",
    ),
    *(
        attack(name, f"UPDATE {table} SET {change}", seen_by="rate-sources")
        for name, table, change in (
            ("a site's PUE", "ledger_site_pue", "pue = 1.19"),
            ("a GPU-hour's price", "ledger_gpu_hour_price", "price = price + 1"),
            ("what an owned GPU cost", "ledger_gpu_hour_price", "capex = capex + 1"),
            (
                "how long an owned GPU lives",
                "ledger_gpu_hour_price",
                "life_years = 5 WHERE capex > 0",
            ),
            ("what making a GPU emitted", "ledger_hardware_version", "embodied_kg_co2e = 1"),
            ("a site's water", "ledger_site_wue", "litres_per_kwh = 0.1"),
            ("a grid's water", "ledger_water_factor", "litres_per_kwh = 0.1"),
            ("where a split comes from", "ledger_benchmark", "split_provenance_id = NULL"),
            ("a deployment's utilisation", "ledger_deployment_terms", "utilisation = 0.6"),
            ("a site's green share", "ledger_green_supply", "share = 0.6"),
            ("a zone's carbon", "ledger_carbon_factor", "grams_per_kwh = 1"),
            ("an exchange rate", "ledger_fx_rate", "rate = 0.15"),
            ("a profile's boundary", "ledger_serving_profile", "boundary = 'gpu'"),
            ("a version's provenance", "ledger_site_pue", "provenance_id = NULL"),
            ("a deployment's currency", "ledger_deployment", "currency = 'EUR'"),
            ("a site's grid zone", "ledger_site", "grid_zone = 'CN-BJ'"),
        )
    ),
    attack("a version deleted", "DELETE FROM ledger_green_supply", seen_by="rate-sources"),
    attack(
        "a version begun after its usage",
        "UPDATE ledger_green_supply SET valid_from = '2026-10-18T00:00:00Z'",
        seen_by="rates-in-force",
    ),
    attack(
        "a version withdrawn",
        "UPDATE ledger_deployment_terms SET withdrawn = true",
        seen_by="rates-in-force",
    ),
    attack(
        "a holiday struck off",
        "UPDATE ledger_holiday_year SET days = '{}'",
        seen_by="rates-in-force",
    ),
    attack(
        "a site's tariff",
        """INSERT INTO ledger_tariff (code, name, currency, time_zone)
           VALUES ('another', 'Another', 'CNY', 'Asia/Shanghai')""",
        """UPDATE ledger_site_tariff
           SET tariff_id = (SELECT id FROM ledger_tariff WHERE code = 'another')""",
        seen_by="rates-in-force",
    ),
    attack(
        "an agreement's time zone",
        "UPDATE ledger_agreement SET time_zone = 'America/Los_Angeles'",
        seen_by="accounting-dates",
    ),
    attack(
        "an entry's service tier",
        "UPDATE ledger_usage_entry SET service_tier = 'flex' WHERE event_id = 'loaded'",
        seen_by="rates-in-force",
    ),
    attack(
        "a price rate's service tier",
        "UPDATE ledger_price_rate SET service_tier = 'flex' WHERE service_tier = 'batch'",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "the price that is not charged",
        """UPDATE ledger_price_rate SET compared_price[1] = compared_price[1] - 1
           WHERE compared_price IS NOT NULL""",
        seen_by="price-rates",
    ),
    attack(
        "a better grade of a cost",
        "UPDATE ledger_price_rate SET grade = 'O', grade_shares = '{1000000,0,0,0,0}'",
        seen_by="rate-sources",
    ),
    attack(
        "a policy that makes less of a load",
        """UPDATE ledger_scarcity_policy SET terms = jsonb_set(terms, '{curve,kappa}', '"0.5"')""",
        seen_by="rate-sources",
    ),
    attack(
        "a load that was never published",
        "UPDATE ledger_deployment_load SET load = 0.5",
        seen_by="rate-sources",
    ),
    attack(
        "a calendar of scarcity with other hours",
        """UPDATE ledger_scarcity_policy
           SET terms = jsonb_set(terms, '{calendar,windows,1,spans}', '[["01:00", "02:00"]]')""",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "an agreement that refuses what its prices rest on",
        "UPDATE ledger_agreement_version SET least_grade = 'M' WHERE least_grade = 'I'",
        seen_by="rate-sources",
    ),
)
