"""Volume terms as documents state them, and what is wrong with those that are refused."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing.volume_terms import InvalidVolumeTerms, Threshold, from_document
from ledger.tokens import TOKEN_CLASSES

LAST = {"per_million_tokens": "4"}


def tiers(**values: Any) -> dict[str, Any]:
    """Return tiers of one step, with something else in them."""
    return {"tiers": {"kind": "volume", "measure": "tokens", "steps": [LAST], **values}}


class TestFromDocument:
    def test_counts_every_class_where_none_is_named(self) -> None:
        terms = from_document(tiers())

        assert terms.tiers is not None
        assert terms.tiers.classes == TOKEN_CLASSES

    def test_reads_thresholds_in_their_order(self) -> None:
        thresholds = [{"above": "0", "percent": "1"}, {"above": "10", "percent": "2.5"}]

        assert from_document({"discount": {"thresholds": thresholds}}).discount == (
            Threshold(Decimal(0), Decimal(1)),
            Threshold(Decimal(10), Decimal("2.5")),
        )

    @pytest.mark.parametrize(
        ("document", "said"),
        [
            ([], "not a mapping"),
            ({}, "says nothing"),
            ({"minimun": "1"}, "'minimun' is not a field here"),
            ({"minimum": "-1"}, "less than zero"),
            (tiers(kind="stairs"), "'stairs' is none of graduated"),
            (tiers(measure="joules"), "'joules' is none of tokens"),
            (tiers(classes=["words"]), "'words' is none of input"),
            (tiers(classes=["input", "input"]), "each once"),
            (tiers(kind="package"), "belongs to package"),
            (tiers(kind="package", block_tokens="0.5"), "whole number"),
            (tiers(block_tokens="5"), "only there"),
            (tiers(measure="charged"), "states percent"),
            (tiers(measure="charged", classes=["input"]), "for the measure tokens"),
            (tiers(steps=[LAST | {"percent": "1"}]), "either per_million_tokens or percent"),
            (tiers(steps=[LAST | {"up_to": "5"}]), "every step but the last"),
            (tiers(steps=[LAST, LAST]), "every step but the last"),
            (tiers(steps=[LAST | {"up_to": "5"}] * 2 + [LAST]), "above the step before"),
            (tiers(kind="package", block_tokens="5", steps=[{"percent": "9"}]), "per_million"),
            ({"discount": {"percent": "101"}}, "more than everything"),
            ({"discount": {}}, "either percent or thresholds"),
            ({"discount": {"thresholds": [{"above": "1"}]}}, "percent"),
        ],
    )
    def test_refuses_what_does_not_say_what_a_period_comes_to(
        self, document: Any, said: str
    ) -> None:
        with pytest.raises(InvalidVolumeTerms, match=said):
            from_document(document)
