"""What agreements change of rate cards, and what they cannot."""

from typing import Any

import pytest

from ledger.pricing.agreed import agreed_document, check_overrides
from ledger.pricing.rate_cards import card_from_document
from ledger.pricing.terms import InvalidTerms

COST_PLUS: dict[str, Any] = {"kind": "cost_plus", "margin": "0.2", "cap": {"output": "20"}}
LIST: dict[str, Any] = {"kind": "list", "per_million_tokens": {"input": "1", "output": "4"}}
BOTH: dict[str, Any] = {
    "kind": "both",
    "charged": "list",
    "cost_plus": {"margin": "0.2"},
    "list": {"per_million_tokens": {"input": "1", "output": "4"}},
}


class TestAgreedDocument:
    def test_is_the_card_itself_where_nothing_is_agreed(self) -> None:
        assert agreed_document(COST_PLUS, None) is COST_PLUS

    def test_replaces_class_by_class_and_leaves_the_card_as_it_is(self) -> None:
        agreed = agreed_document(LIST, {"per_million_tokens": {"output": "3"}})

        assert agreed["per_million_tokens"] == {"input": "1", "output": "3"}
        assert LIST["per_million_tokens"] == {"input": "1", "output": "4"}

    def test_reaches_the_side_that_a_field_belongs_to(self) -> None:
        agreed = agreed_document(
            BOTH,
            {"margin": "0.1", "per_million_tokens": {"input": "0.5"}, "charged": "higher"},
        )

        assert agreed == {
            "kind": "both",
            "charged": "higher",
            "cost_plus": {"margin": "0.1"},
            "list": {"per_million_tokens": {"input": "0.5", "output": "4"}},
        }

    def test_adds_a_tier_and_changes_another(self) -> None:
        card = LIST | {"service_tiers": {"batch": {"factor": "0.5"}, "flex": {"factor": "0.6"}}}

        tiers = {"batch": {"factor": "0.4"}, "priority": {"factor": "2"}}

        assert agreed_document(card, {"service_tiers": tiers})["service_tiers"] == {
            "batch": {"factor": "0.4"},
            "flex": {"factor": "0.6"},
            "priority": {"factor": "2"},
        }

    @pytest.mark.parametrize(
        ("card", "overrides", "pointer"),
        [
            (LIST, {"margin": "0.1"}, "/overrides/margin"),
            (COST_PLUS, {"per_million_tokens": {"input": "1"}}, "/overrides/per_million_tokens"),
            (COST_PLUS, {"charged": "list"}, "/overrides/charged"),
            (
                COST_PLUS | {"context_tiers": [{"from_tokens": 9, "margin": "0.3"}]},
                {"margin": "0.1"},
                "/overrides/margin",
            ),
        ],
    )
    def test_refuses_what_the_card_has_not_or_what_leaves_two_answers(
        self, card: dict[str, Any], overrides: dict[str, Any], pointer: str
    ) -> None:
        with pytest.raises(InvalidTerms) as refused:
            agreed_document(card, overrides)

        assert refused.value.pointer == pointer

    def test_leaves_it_to_the_card_to_refuse_a_floor_above_its_cap(self) -> None:
        agreed = agreed_document(COST_PLUS, {"floor": {"output": "21"}})

        with pytest.raises(InvalidTerms, match="is above the cap"):
            card_from_document(agreed)


class TestAgreedPrices:
    @pytest.mark.parametrize(
        "stated",
        [
            {"service_tiers": {"batch": {"per_million_tokens": {"output": "5"}}}},
            {"calendar": {"periods": {"peak": {"per_million_tokens": {"output": "20"}}}}},
        ],
    )
    def test_are_refused_where_the_card_would_go_on_to_charge_others(
        self, stated: dict[str, Any]
    ) -> None:
        card = {"kind": "list", "per_million_tokens": {"output": "10"}} | stated

        with pytest.raises(InvalidTerms, match="agree on those too"):
            agreed_document(card, {"per_million_tokens": {"output": "3"}})

    def test_hold_where_the_tier_is_agreed_on_as_well(self) -> None:
        card = {
            "kind": "list",
            "per_million_tokens": {"output": "10"},
            "service_tiers": {"batch": {"per_million_tokens": {"output": "5"}}},
        }
        agreed = {
            "per_million_tokens": {"output": "3"},
            "service_tiers": {"batch": {"factor": "0.5"}},
        }

        assert agreed_document(card, agreed)["per_million_tokens"] == {"output": "3"}


class TestCheckOverrides:
    def test_refuses_a_tier_that_no_card_could_have(self) -> None:
        with pytest.raises(InvalidTerms):
            check_overrides({"service_tiers": {"batch": {"factor": "-3"}}})

    @pytest.mark.parametrize(
        ("overrides", "pointer"),
        [
            ([], "/overrides"),
            ({}, "/overrides"),
            ({"fee": "1"}, "/overrides/fee"),
            ({"floor": {"input": "3"}, "cap": {"input": "2"}}, "/terms/cost_plus/floor/input"),
            ({"service_tiers": ["batch"]}, "/overrides/service_tiers"),
            ({"charged": "dearer"}, "/terms/charged"),
        ],
    )
    def test_refuses_what_no_card_could_take(self, overrides: object, pointer: str) -> None:
        with pytest.raises(InvalidTerms) as refused:
            check_overrides(overrides)

        assert refused.value.pointer == pointer
