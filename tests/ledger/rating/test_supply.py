"""Events priced by what supply costs in their own quarter hour, worked by hand to the last digit.

With the small catalogue an input token takes 1.2 J at the meter, so that a price of 0.003 CNY/kWh
is 1,000 pico-CNY a token; compute is 2,000,000, green 667 and scarcity 1,000,000 a token.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger import audit
from ledger.pricing import published
from ledger.pricing.rates import SlotRate
from ledger.rating.explanation import Reported, explain
from ledger.rating.models import SetAside, UsageEntry
from tests import factories
from tests.factories import version
from tests.ledger.rating.moments import energy, rated

pytestmark = pytest.mark.django_db

NEW_DAY = datetime(2026, 10, 10, 16, 0, tzinfo=UTC)
"""Midnight to 11 October in Shanghai."""


def tariff_with(**terms: Any) -> dict[str, Any]:
    """Return the small catalogue with peak hours from ten to one on workdays."""
    document = factories.catalogue()
    usual = factories.tariff_terms()
    peak = {"period": "peak", "spans": [["10:00", "13:00"]], "day_types": ["workday"], "rank": 1}
    usual |= {
        "holiday_calendar": "CN",
        "windows": [*usual["windows"], peak],
        "published": {"flat": "0.36", "peak": "0.72"},
    }
    document["tariff_versions"] = [version(tariff="flat", terms=usual | terms)]
    document["holiday_calendars"] = [holidays({"2026-10-05": "public_holiday"})]
    return document


def holidays(days: dict[str, str]) -> dict[str, Any]:
    return {"calendar": "CN", "year": 2026, "days": days, "provenance": "test"}


class TestCalendar:
    def test_follows_a_holiday_that_the_government_moved(self) -> None:
        factories.publish(tariff_with())
        monday, tuesday = (datetime(2026, 10, day, 2, 30, tzinfo=UTC) for day in (5, 6))
        before = rated(monday, tuesday)
        factories.publish({"holiday_calendars": [holidays({"2026-10-06": "public_holiday"})]})

        after = rated(monday, tuesday)

        # 0.36 CNY/kWh is 120,000 pico a token, peak twice that.
        assert energy(before) == [12_000_000, 24_000_000]
        assert energy(after) == [24_000_000, 12_000_000]
        assert audit.run() == []

    def test_fails_closed_in_a_year_without_holidays(self) -> None:
        factories.publish(tariff_with())

        assert rated(datetime(2025, 10, 6, 2, 30, tzinfo=UTC)) == []
        assert SetAside.objects.get().missing == "calendar:CN/2025"

    def test_overrides_single_days_and_says_why(self) -> None:
        hot = {"date": "2026-10-07", "reason": "35 C", "periods": {"peak": "sharp"}}
        worked = {"date": "2026-10-05", "reason": "storm", "day_type": "workday"}
        own = {
            "date": "2026-10-08",
            "reason": "notice 12",
            "windows": [
                {"period": "flat", "spans": [["00:00", "12:00"]]},
                {"period": "peak", "spans": [["12:00", "24:00"]]},
            ],
        }
        factories.publish(
            tariff_with(
                overrides=[hot, worked, own],
                published={"flat": "0.36", "peak": "0.72", "sharp": "0.90"},
            )
        )

        entries = rated(
            *(datetime(2026, 10, day, 2, 30, tzinfo=UTC) for day in (5, 6, 7, 8)),
            datetime(2026, 10, 8, 12, 0, tzinfo=UTC),
        )

        assert energy(entries) == [24_000_000, 24_000_000, 30_000_000, 12_000_000, 24_000_000]
        decided = [
            one.inputs["electricity"].get("override") for one in SlotRate.objects.order_by("id")
        ]
        assert {"date": "2026-10-07", "reason": "35 C"} in decided
        assert None in decided
        assert audit.run() == []

    def test_changes_price_in_the_middle_of_a_month_between_two_slots(self) -> None:
        factories.publish()
        dearer = factories.tariff_terms() | {"published": {"flat": "0.90"}}
        change = version(tariff="flat", terms=dearer) | {"valid_from": NEW_DAY.isoformat()}
        factories.publish({"tariff_versions": [change]})

        # 23:59:59.7 of the old day lies in its own slot, whatever seconds round to.
        entries = rated(NEW_DAY - timedelta(milliseconds=300), NEW_DAY)

        assert energy(entries) == [12_000_000, 30_000_000]
        assert audit.run() == []


class TestProfile:
    def test_changes_between_two_events_and_prices_each_by_its_own(self) -> None:
        document = factories.catalogue()
        factories.publish(document)
        (profile,) = document["serving_profiles"]
        run = {"tokens_per_second": "500", "gpus": 1, "watts": "1000"}  # 2 J and 0.002 GPU-s
        slower = profile | {
            "valid_from": NEW_DAY.isoformat(),
            "figures": {"prefill": run, "cached": run, "decode": run},
        }
        factories.publish({"serving_profiles": [slower]})

        before, after = rated(NEW_DAY - timedelta(milliseconds=300), NEW_DAY)

        assert (before.compute, before.energy, before.energy_microjoules) == (
            200_000_000,
            12_000_000,
            120_000_000,
        )
        assert (after.compute, after.energy, after.energy_microjoules) == (
            400_000_000,
            24_000_000,
            240_000_000,
        )
        assert audit.run() == []

    def test_prices_images_and_audio_where_they_were_measured(self) -> None:
        document = factories.catalogue()
        (profile,) = document["serving_profiles"]
        profile["figures"]["image_input"] = {"joules": "5", "gpu_seconds": "0.01"}
        factories.publish(document)
        at = factories.OCCURRED_AT

        (entry,) = rated(at, usage={"input": 100, "image_input": 10})
        rated(at, usage={"audio_output": 1})

        # 100 × 2,000,000 and 10 × 0.01 s × 3.60 / 3600 / 0.5
        assert (entry.compute, entry.energy) == (200_000_000 + 200_000_000, 18_000_000)
        aside = SetAside.objects.get()
        assert (aside.reason, aside.missing) == (
            "no_rate_for_audio_output",
            "profile:westcloud/qwen",
        )
        assert audit.run() == []

    def test_prices_media_by_a_list_only_where_their_cost_is_known(self) -> None:
        document = factories.catalogue()
        (profile,) = document["serving_profiles"]
        profile["figures"]["image_input"] = {"joules": "5", "gpu_seconds": "0.01"}
        profile["figures"]["audio_input"] = {"joules": "5", "gpu_seconds": "0.01"}
        (card,) = document["rate_card_versions"]
        card["terms"] = {
            "kind": "list",
            "per_million_tokens": {"input": "4", "image_input": "25", "audio_output": "9"},
        }
        factories.publish(document)
        at = factories.OCCURRED_AT

        (entry,) = rated(at, usage={"image_input": 10})
        rated(at, usage={"audio_input": 1})
        rated(at, usage={"audio_output": 1})

        parts = (entry.compute, entry.energy, entry.green, entry.scarcity, entry.margin)
        assert sum(parts) == 250_000_000
        assert list(SetAside.objects.order_by("batch_id").values_list("reason", "missing")) == [
            ("no_rate_for_audio_input", "rate_card:westcloud/standard"),
            ("no_rate_for_audio_output", "profile:westcloud/qwen"),
        ]
        assert audit.run() == []


class TestGpuHour:
    def test_is_made_from_the_parts_of_an_owned_gpu_which_stand_in_the_rate(self) -> None:
        # 15,768 over a year without interest: 15,768 / 8,760 / 0.5 = 3.60 an hour, as before.
        document = factories.catalogue()
        (gpu_hour,) = document["gpu_hours"]
        del gpu_hour["price"]
        gpu_hour |= {
            "capex": "15768",
            "life_years": 1,
            "capital_cost": "0",
            "availability": "0.6",
            "opex_per_hour": "0.6",
        }
        factories.publish(document)

        (entry,) = rated(factories.OCCURRED_AT)

        assert entry.compute == 200_000_000
        stated = SlotRate.objects.get().inputs["gpu_hour"]
        assert stated["price"] == "3.6"
        assert (stated["capex"], stated["life_years"], stated["availability"]) == (
            "15768",
            1,
            "0.6",
        )
        assert audit.run() == []


class TestCarbon:
    def test_is_not_booked_from_factors_of_different_bases(self) -> None:
        document = factories.catalogue()
        document["carbon_factors"][1] |= {"basis": "co2e_lifecycle"}
        factories.publish(document)

        assert rated(factories.OCCURRED_AT) == []

        aside = SetAside.objects.get()
        assert (aside.reason, aside.missing, aside.detail) == (
            "carbon_bases_differ",
            "carbon:CN-NX/residual",
            "the location factor counts co2, the residual one co2e_lifecycle",
        )

    def test_never_comes_from_a_marginal_factor(self) -> None:
        document = factories.catalogue()
        marginal = document["carbon_factors"][1] | {"method": "marginal", "grams_per_kwh": "900"}
        document["carbon_factors"] = [document["carbon_factors"][0], marginal]
        factories.publish(document)

        assert rated(factories.OCCURRED_AT) == []
        assert SetAside.objects.get().missing == "carbon:CN-NX/residual"

    @pytest.mark.parametrize("change", [{"method": "guess"}, {"basis": "co3"}])
    def test_has_a_method_and_a_basis_that_are_known(self, change: dict[str, str]) -> None:
        document = factories.catalogue()
        document["carbon_factors"][0] |= change

        with pytest.raises(Exception, match=next(iter(change.values()))):
            factories.publish(document)


class TestFootprint:
    def test_is_reported_with_the_rate_where_hardware_and_water_are_described(self) -> None:
        document = factories.catalogue()
        document["hardware_versions"] = [
            version(hardware="h100", embodied_kg_co2e="985.5", embodied_life_years="3")
        ]
        document["site_wue"] = [version(site="west", litres_per_kwh="0.6")]
        document["water_factors"] = [version(zone="CN-NX", litres_per_kwh="6")]
        factories.publish(document)

        rated(factories.OCCURRED_AT)

        slot_rate = SlotRate.objects.get()
        # 0.001 GPU-s × 985,500 g / (94,608,000 s × 0.5) = 20,833.3 ng; 1 J of IT and 1.2 J at the
        # meter: (0.6 + 1.2 × 6) / 3,600,000 l = 2,166.67 nl
        assert slot_rate.embodied_nanograms is not None
        assert slot_rate.embodied_nanograms[:2] == [20_833, 2_083]
        assert slot_rate.water_nanolitres is not None
        assert slot_rate.water_nanolitres[:2] == [2_167, 217]
        assert slot_rate.embodied_nanograms[6:] == [None, None, None]
        assert explain(UsageEntry.objects.get()).reported == Reported(
            embodied_nanograms=2_083_300, water_nanolitres=216_700
        )
        assert audit.run() == []

    def test_is_unknown_where_they_are_not_and_leaves_the_inputs_as_they_were(self) -> None:
        factories.publish()

        rated(factories.OCCURRED_AT)

        slot_rate = SlotRate.objects.get()
        assert (slot_rate.embodied_nanograms, slot_rate.water_nanolitres) == (None, None)
        assert set(slot_rate.inputs) == {
            *("deployment", "site", "currency", "profile", "terms", "gpu_hour", "pue"),
            *("electricity", "green", "carbon_location", "carbon_residual", "fx"),
        }
        assert set(slot_rate.inputs["gpu_hour"]) == {
            *("id", "provenance", "code", "currency", "price", "includes_energy")
        }
        assert published.load().price_days == {}
