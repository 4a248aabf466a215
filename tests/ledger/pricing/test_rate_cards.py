"""Rate cards read from their documents, and what each use of one comes to."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing.rate_cards import (
    NoServiceTier,
    calendar_from_document,
    card_from_document,
)
from ledger.pricing.terms import Both, Charged, CostPlus, InvalidTerms, ListPrice, Terms

PEAK = ("09:00", "12:00"), ("14:00", "18:00")


def used(
    document: object, *, context: int = 0, tier: str = "standard", period: str | None = None
) -> Terms:
    return card_from_document(document).in_use(
        context_from_tokens=context, tier=tier, period=period
    )


def listed(**prices: str) -> ListPrice:
    """Return a list in money per million tokens."""
    return ListPrice({name: Decimal(price) / 1_000_000 for name, price in prices.items()})


def with_calendar(**periods: Any) -> dict[str, Any]:
    """Return a card whose price is another at two spans of the day."""
    return {
        "kind": "list",
        "per_million_tokens": {"output": "2"},
        "calendar": {
            "time_zone": "Asia/Shanghai",
            "windows": [
                {"period": "usual", "spans": [["00:00", "24:00"]], "rank": 0},
                {"period": "peak", "spans": [list(span) for span in PEAK], "rank": 1},
            ],
            "periods": periods,
        },
    }


class TestCardFromDocument:
    def test_reads_cost_plus_with_its_limits_per_token(self) -> None:
        terms = used(
            {
                "kind": "cost_plus",
                "margin": "0.20",
                "floor": {"input": "1"},
                "cap": {"output": "20"},
            }
        )

        assert terms == CostPlus(
            margin=Decimal("0.20"),
            floor_per_token={"input": Decimal("0.000001")},
            cap_per_token={"output": Decimal("0.00002")},
        )

    def test_reads_a_list_per_token_of_any_class(self) -> None:
        prices = {"input": "0.55", "output": "2.19", "image_input": "3"}

        assert used({"kind": "list", "per_million_tokens": prices}) == listed(**prices)

    @pytest.mark.parametrize(
        ("document", "pointer"),
        [
            ("cost plus", "/terms"),
            ({}, "/terms/kind"),
            ({"kind": "auction"}, "/terms/kind"),
            ({"kind": "cost_plus"}, "/terms/margin"),
            ({"kind": "cost_plus", "margin": 0.2}, "/terms/margin"),
            ({"kind": "cost_plus", "margin": "-1.5"}, "/terms/margin"),
            ({"kind": "cost_plus", "margin": "0.2", "ceiling": {}}, "/terms"),
            ({"kind": "cost_plus", "margin": "0.2", "cap": "3"}, "/terms/cap"),
            ({"kind": "cost_plus", "margin": "0", "cap": {"outptu": "3"}}, "/terms/cap/outptu"),
            (
                {
                    "kind": "cost_plus",
                    "margin": "0",
                    "floor": {"input": "3"},
                    "cap": {"input": "2"},
                },
                "/terms/floor/input",
            ),
            ({"kind": "list"}, "/terms/per_million_tokens"),
            ({"kind": "list", "per_million_tokens": {}}, "/terms/per_million_tokens"),
            (
                {"kind": "list", "per_million_tokens": {"input": "-1"}},
                "/terms/per_million_tokens/input",
            ),
            ({"kind": "both", "charged": "dearer"}, "/terms/charged"),
            ({"kind": "both", "charged": "list"}, "/terms/cost_plus"),
            (
                {"kind": "cost_plus", "margin": "0", "service_tiers": {"batch": {}}},
                "/terms/service_tiers/batch/factor",
            ),
            (
                {"kind": "cost_plus", "margin": "0", "service_tiers": {"Batch": {"factor": "1"}}},
                "/terms/service_tiers/Batch",
            ),
            (
                {"kind": "cost_plus", "margin": "0", "service_tiers": {"auto": {"factor": "1"}}},
                "/terms/service_tiers/auto",
            ),
            (
                {
                    "kind": "cost_plus",
                    "margin": "0",
                    "service_tiers": {"batch": {"per_million_tokens": {"input": "1"}}},
                },
                "/terms/service_tiers/batch",
            ),
            (
                {
                    "kind": "list",
                    "per_million_tokens": {"input": "1", "output": "2"},
                    "context_tiers": [{"from_tokens": 1, "per_million_tokens": {"input": "2"}}],
                },
                "/terms/context_tiers/0/per_million_tokens",
            ),
            (
                {
                    "kind": "cost_plus",
                    "margin": "0",
                    "context_tiers": [{"from_tokens": 9, "margin": "1"}] * 2,
                },
                "/terms/context_tiers/1/from_tokens",
            ),
        ],
    )
    def test_points_at_what_is_wrong(self, document: object, pointer: str) -> None:
        with pytest.raises(InvalidTerms) as refused:
            card_from_document(document)

        assert refused.value.pointer == pointer

    def test_refuses_a_tier_and_a_period_that_both_state_prices(self) -> None:
        own = {"per_million_tokens": {"output": "9"}}
        card = with_calendar(usual={}, peak=own) | {"service_tiers": {"batch": own}}

        with pytest.raises(InvalidTerms, match="which holds"):
            card_from_document(card)


class TestInUse:
    def test_puts_the_whole_request_at_the_price_of_the_step_that_it_reaches(self) -> None:
        # Gemini 2.5 Pro's published list: 1.25 and 10 USD up to 200,000 prompt tokens, 2.50 and
        # 15 above. A band that begins at 128,000 for another reason is at the lower step.
        card = {
            "kind": "list",
            "per_million_tokens": {"input": "1.25", "output": "10"},
            "context_tiers": [
                {"from_tokens": 200_001, "per_million_tokens": {"input": "2.50", "output": "15"}}
            ],
        }

        assert used(card, context=128_000) == listed(input="1.25", output="10")
        assert used(card, context=200_001) == listed(input="2.50", output="15")
        assert card_from_document(card).bound_of(128_000) == 0
        assert card_from_document(card).bound_of(300_000) == 200_001

    def test_has_margins_by_context_too(self) -> None:
        card = {
            "kind": "cost_plus",
            "margin": "0.2",
            "context_tiers": [{"from_tokens": 32_000, "margin": "0.5"}],
        }

        found = [used(card, context=context) for context in (0, 32_000)]

        assert [one.margin for one in found if isinstance(one, CostPlus)] == [
            Decimal("0.2"),
            Decimal("0.5"),
        ]

    def test_multiplies_by_the_factors_of_tier_and_period(self) -> None:
        card = with_calendar(usual={}, peak={"factor": "2"})
        card["service_tiers"] = {"batch": {"factor": "0.5"}}

        assert used(card, period="usual") == listed(output="2")
        assert used(card, period="peak") == listed(output="4")
        assert used(card, period="peak", tier="batch") == listed(output="2")
        assert used(card, period="usual", tier="batch") == listed(output="1")

    def test_takes_the_prices_that_a_tier_states(self) -> None:
        card = with_calendar(usual={}, peak={"factor": "2"})
        card["service_tiers"] = {"priority": {"per_million_tokens": {"output": "7"}}}

        assert used(card, period="usual", tier="priority") == listed(output="7")
        assert used(card, period="peak", tier="priority") == listed(output="14")

    def test_has_no_price_in_a_tier_that_is_not_named(self) -> None:
        with pytest.raises(NoServiceTier):
            used({"kind": "cost_plus", "margin": "0"}, tier="batch")

    def test_keeps_both_sides_beside_each_other(self) -> None:
        card = {
            "kind": "both",
            "charged": "lower",
            "cost_plus": {"margin": "0.1"},
            "list": {"per_million_tokens": {"output": "2"}},
            "service_tiers": {
                "batch": {"factor": "0.5", "per_million_tokens": {"output": "1.5"}},
            },
        }

        assert used(card, tier="batch") == Both(
            Charged.LOWER,
            CostPlus(Decimal("0.1"), {}, {}, Decimal("0.5")),
            listed(output="1.5"),
        )


class TestCalendarFromDocument:
    def test_wants_every_period_of_the_windows_and_no_other(self) -> None:
        with pytest.raises(InvalidTerms, match="are not those of the windows: peak"):
            calendar_from_document(with_calendar(usual={}))

    def test_wants_a_holiday_calendar_where_the_kind_of_day_decides(self) -> None:
        card = with_calendar(usual={}, peak={"factor": "2"})
        card["calendar"]["windows"][1]["day_types"] = ["workday"]

        with pytest.raises(InvalidTerms) as refused:
            calendar_from_document(card)

        assert refused.value.pointer == "/terms/calendar/holiday_calendar"

    def test_wants_every_quarter_hour_covered(self) -> None:
        card = with_calendar(usual={}, peak={})
        del card["calendar"]["windows"][0]

        with pytest.raises(InvalidTerms, match="no window holds at 00:00"):
            calendar_from_document(card)
