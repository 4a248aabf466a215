"""What decides what a token is charged, from the catalogue to the usage entry.

The rates per token are those of `factories.catalogue`, in pico-CNY: an input token costs 2,000,000
compute, 120,000 energy, 667 green, and 1,000,000 scarcity at a factor of 1.5.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ledger import audit
from ledger.pricing.catalogue import DocumentInvalid
from ledger.pricing.rates import PriceRate
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from tests import factories
from tests.factories import NOW, version

pytestmark = pytest.mark.django_db

INPUT = 0
OUTPUT = 4
CURVE = {"rho0": "0.8", "kappa": "1", "gamma": "2", "cap": "3"}
AT_1030 = datetime(2026, 10, 5, 2, 30, tzinfo=UTC)
AT_2030 = datetime(2026, 10, 5, 12, 30, tzinfo=UTC)


def publish(*, terms: dict[str, Any] | None = None, **changes: dict[str, Any]) -> None:
    """Publish the small catalogue with another rate card, or other values in a section's row."""
    document = factories.catalogue()
    if terms is not None:
        document["rate_card_versions"][0]["terms"] = terms
    for section, change in changes.items():
        document[section][0] |= change
    factories.publish(document)


def used(event_id: str = "evt-1", **event: Any) -> UsageEntry:
    """Record an event, rate it, and return its usage entry."""
    factories.record(factories.event(event_id, **event))
    rate.rate_pending(now=NOW)
    return UsageEntry.objects.get(event_id=event_id)


def rate_of(entry: UsageEntry) -> PriceRate:
    return PriceRate.objects.get(id=entry.price_rate_id)


def reasons() -> list[tuple[str, str, str]]:
    return list(SetAside.objects.order_by("row").values_list("reason", "missing", "detail"))


class TestServiceTiers:
    def test_price_what_they_state_and_leave_the_cost_alone(self) -> None:
        publish(
            terms={
                "kind": "cost_plus",
                "margin": "0.10",
                "service_tiers": {"batch": {"factor": "0.5"}},
            }
        )

        usual, batch = used("a"), used("b", service_tier="batch")

        assert (usual.compute, usual.energy) == (batch.compute, batch.energy)
        # Cost of an input token 3,120,667 (the exact third of the green included) × 1.1 × 0.5.
        assert rate_of(usual).price[INPUT] == 3_432_733
        assert rate_of(batch).price[INPUT] == 1_716_367
        assert rate_of(batch).margin[INPUT] == 1_716_367 - 3_120_667
        assert [rate_of(one).service_tier for one in (usual, batch)] == ["standard", "batch"]
        assert audit.run() == []

    def test_that_get_a_price_later_wake_what_waits_for_one(self) -> None:
        publish()
        factories.record(factories.event(service_tier="flex"))
        rate.rate_pending(now=NOW)
        assert reasons() == [("no_service_tier", "rate_card:westcloud/standard", "flex")]
        publish(
            terms={
                "kind": "cost_plus",
                "margin": "0.10",
                "service_tiers": {"flex": {"factor": "0.5"}},
            }
        )

        rated = rate.retry_set_aside(now=NOW)

        assert rated == rate.Rated(batches=1, entered=1, set_aside=0)
        assert UsageEntry.objects.get().service_tier == "flex"


class TestContextTiers:
    def test_price_the_whole_request_by_its_prompt(self) -> None:
        publish(
            terms={
                "kind": "list",
                "per_million_tokens": {"input": "1", "cache_read": "0.1", "output": "8"},
                "context_tiers": [
                    {
                        "from_tokens": 2_001,
                        "per_million_tokens": {"input": "2", "cache_read": "0.2", "output": "12"},
                    }
                ],
            }
        )

        below = used("a")  # 800 input and 1,200 cached tokens
        above = used("b", usage={"input": 801, "cache_read": 1_200, "output": 500})

        assert [one.context_from_tokens for one in (below, above)] == [0, 2_001]
        assert rate_of(below).price[INPUT] == 1_000_000
        assert rate_of(above).price[INPUT] == 2_000_000
        assert rate_of(below).slot_rate_id == rate_of(above).slot_rate_id
        price = above.compute + above.energy + above.green + above.scarcity + above.margin
        assert price == 801 * 2_000_000 + 1_200 * 200_000 + 500 * 12_000_000
        assert audit.run() == []


class TestBothPrices:
    @pytest.mark.parametrize(
        ("charged", "price", "other"),
        [
            ("list", 4_000_000, 3_432_733),
            ("cost_plus", 3_432_733, 4_000_000),
            ("higher", 4_000_000, 3_432_733),
            ("lower", 3_432_733, 4_000_000),
        ],
    )
    def test_stand_side_by_side(self, charged: str, price: int, other: int) -> None:
        listed = {"input": "4", "cache_read": "4", "output": "4"}
        publish(
            terms={
                "kind": "both",
                "charged": charged,
                "cost_plus": {"margin": "0.10"},
                "list": {"per_million_tokens": listed},
            }
        )

        made = rate_of(used())

        assert made.price[INPUT] == price
        assert made.compared_price is not None
        assert made.compared_price[INPUT] == other
        assert audit.run() == []


class TestCalendars:
    def test_of_electricity_and_of_scarcity_know_nothing_of_each_other(self) -> None:
        """At 10:30 in Ningxia the sun makes electricity cheap while tokens are at their peak."""
        tariff = factories.tariff_terms()
        solar = {"period": "valley", "spans": [["09:00", "17:00"]], "rank": 1}
        tariff |= {
            "windows": [*tariff["windows"], solar],
            "published": {"flat": "0.36", "valley": "0.18"},
        }
        publish(
            tariff_versions={"terms": tariff},
            deployment_terms={"scarcity_factor": None, "scarcity_policy": "peak"},
        )
        busy = {"period": "busy", "spans": [["09:00", "12:00"], ["14:00", "18:00"]], "rank": 1}
        quiet = {"period": "quiet", "spans": [["00:00", "24:00"]]}
        policy = {
            "curve": CURVE,
            "calendar": {
                "time_zone": "Asia/Shanghai",
                "windows": [quiet, busy],
                "periods": {"busy": {"load": "0.92"}, "quiet": {"load": "0.5"}},
            },
        }
        factories.publish({"scarcity_policies": [version(code="peak", terms=policy)]})

        morning, evening = used("a", occurred_at=AT_1030), used("b", occurred_at=AT_2030)

        # 0.92 → 1.36: 36 % of 2,000,000; half of the electricity's 120,000 in the valley.
        rates = rate_of(morning), rate_of(evening)
        assert [(one.scarcity[INPUT], one.energy[INPUT]) for one in rates] == [
            (720_000, 60_000),
            (0, 120_000),
        ]
        scarcity = rates[0].slot_rate.inputs["scarcity"]
        assert (scarcity["period"], scarcity["factor"]) == ("busy", "1.36")
        assert audit.run() == []

    def test_of_a_rate_card_charge_more_at_its_peak(self) -> None:
        publish(
            terms={
                "kind": "list",
                "per_million_tokens": {"input": "1", "cache_read": "0.1", "output": "8"},
                "calendar": {
                    "time_zone": "Asia/Shanghai",
                    "holiday_calendar": "CN",
                    "windows": [
                        {"period": "usual", "spans": [["00:00", "24:00"]]},
                        {
                            "period": "peak",
                            "spans": [["09:00", "12:00"], ["14:00", "18:00"]],
                            "day_types": ["workday"],
                            "rank": 1,
                        },
                    ],
                    "periods": {"usual": {}, "peak": {"factor": "2"}},
                },
            }
        )
        factories.record(factories.event("a", occurred_at=AT_1030))
        rate.rate_pending(now=NOW)
        assert reasons() == [("no_calendar", "calendar:CN/2026", "")]
        holiday = datetime(2026, 10, 6, 2, 30, tzinfo=UTC)
        days = {"2026-10-06": "public_holiday"}
        year = {"calendar": "CN", "year": 2026, "days": days, "provenance": "test"}
        factories.publish({"holiday_calendars": [year]})

        rate.retry_set_aside(now=NOW)

        peak = UsageEntry.objects.get()
        evening, festive = used("b", occurred_at=AT_2030), used("c", occurred_at=holiday)
        assert [rate_of(one).price[INPUT] for one in (peak, evening, festive)] == [
            2_000_000,
            1_000_000,
            1_000_000,
        ]
        assert rate_of(peak).inputs["price_period"] == "peak"
        assert audit.run() == []


class TestScarcity:
    def test_follows_a_published_load_until_it_is_withdrawn(self) -> None:
        publish(deployment_terms={"scarcity_factor": None, "scarcity_policy": "flat"})
        policy = {"curve": CURVE, "load": "0.5"}
        load = {"provider": "westcloud", "deployment": "qwen", "load": "0.9"}
        factories.publish(
            {
                "scarcity_policies": [version(code="flat", terms=policy)],
                "deployment_loads": [
                    version(**load) | {"valid_from": "2026-10-05T04:00:00Z"},
                    version(**load) | {"valid_from": "2026-10-05T08:00:00Z", "withdrawn": True},
                ],
            }
        )
        times = [datetime(2026, 10, 5, hour, 0, tzinfo=UTC) for hour in (3, 4, 8)]

        entries = [used(f"e{at.hour}", occurred_at=at) for at in times]

        # ((0.9 − 0.8) / 0.2)² = 0.25.
        assert [rate_of(one).scarcity[INPUT] for one in entries] == [0, 500_000, 0]
        assert audit.run() == []

    def test_may_apply_to_all_that_a_token_costs(self) -> None:
        publish(deployment_terms={"scarcity_factor": None, "scarcity_policy": "all"})
        policy = {"curve": CURVE, "load": "0.9", "applies_to": "all"}
        factories.publish({"scarcity_policies": [version(code="all", terms=policy)]})

        made = rate_of(used())

        # A quarter of 2,000,000 + 120,000 + 666.67.
        assert made.scarcity[INPUT] == 530_167

    def test_without_its_policy_sets_the_event_aside(self) -> None:
        publish(deployment_terms={"scarcity_factor": None, "scarcity_policy": "none"})
        factories.record(factories.event())

        rate.rate_pending(now=NOW)

        assert reasons() == [("no_scarcity_policy", "scarcity:none", "")]

    @pytest.mark.parametrize(
        "change", [{"scarcity_policy": "both"}, {"scarcity_factor": None}, {"scarcity_factor": "0"}]
    )
    def test_is_stated_once(self, change: dict[str, Any]) -> None:
        with pytest.raises(DocumentInvalid, match="scarcity_factor"):
            publish(deployment_terms=change)


class TestAgreements:
    def test_change_the_terms_of_the_card(self) -> None:
        publish(
            agreement_versions={"overrides": {"margin": "0.05", "cap": {"input": "3"}}},
        )

        made = rate_of(used())

        assert made.price[INPUT] == 3_000_000
        assert made.price[OUTPUT] == 9_830_100  # 9,362,000 × 1.05
        assert made.inputs["terms"]["overrides"] == {"margin": "0.05", "cap": {"input": "3"}}
        assert audit.run() == []

    def test_that_do_not_fit_the_card_set_the_event_aside(self) -> None:
        publish(agreement_versions={"overrides": {"charged": "list"}})
        factories.record(factories.event())

        rate.rate_pending(now=NOW)

        assert reasons() == [
            (
                "invalid_terms",
                "agreement_version:westcloud-acme",
                "/overrides/charged: the card of kind cost_plus makes one price",
            )
        ]


class TestGrades:
    def test_are_those_of_the_parts_weighted_by_their_cost(self) -> None:
        document = factories.catalogue()
        document["provenance"] += [
            {"code": "meter", "grade": "M", "source": "a meter", "retrieved_on": "2026-10-01"}
        ]
        for section in ("serving_profiles", "deployment_terms", "gpu_hours", "site_pue"):
            document[section][0]["provenance"] = "meter"
        document["tariff_versions"][0]["provenance"] = "meter"
        factories.publish(document)

        made = rate_of(used())

        # Only the green part is illustrative. Prefill, cached, prefill twice, decode twice: 1 + 0.1
        # + 2 + 2 × 3 = 9.1 times 667 (cached 67, decode 2,000) of 3,120,667 and so on.
        green = 3 * 667 + 67 + 2 * 2_000
        whole = 3 * 3_120_667 + 312_067 + 2 * 9_362_000
        assert made.grade_shares == [0, 1_000_000 - 214, 0, 0, 214]
        assert Decimal(green) / whole * 1_000_000 == pytest.approx(Decimal(214), abs=Decimal(1))
        assert made.grade == "M"
        assert audit.run() == []

    def test_that_an_agreement_refuses_set_aside_what_rests_on_them(self) -> None:
        publish(agreement_versions={"least_grade": "D"})
        factories.record(factories.event())
        rate.rate_pending(now=NOW)
        ((reason, missing, detail),) = reasons()
        assert (reason, missing) == ("illustrative_input", "profile:westcloud/qwen")
        assert detail.startswith("profile is of grade I, terms is of grade I")
        better = factories.catalogue()
        better["provenance"] = [
            {"code": "meter", "grade": "M", "source": "a meter", "retrieved_on": "2026-10-01"}
        ]
        for rows in better.values():
            for row in rows:
                if row.get("provenance") == "test":
                    row["provenance"] = "meter"
        better["agreement_versions"][0]["least_grade"] = "D"
        factories.publish(better)

        rated = rate.retry_set_aside(now=NOW)

        assert rated == rate.Rated(batches=1, entered=1, set_aside=0)
        assert PriceRate.objects.get().grade == "M"
        assert audit.run() == []
