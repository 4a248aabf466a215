"""Rate cards read from their documents."""

from decimal import Decimal

import pytest

from ledger.pricing.terms import CostPlus, InvalidTerms, ListPrice, terms_from_document


class TestTermsFromDocument:
    def test_reads_cost_plus_with_its_limits_per_token(self) -> None:
        terms = terms_from_document(
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

    def test_reads_a_list_per_token(self) -> None:
        terms = terms_from_document(
            {"kind": "list", "per_million_tokens": {"input": "0.55", "output": "2.19"}}
        )

        assert terms == ListPrice({"input": Decimal("0.00000055"), "output": Decimal("0.00000219")})

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
        ],
    )
    def test_points_at_what_is_wrong(self, document: object, pointer: str) -> None:
        with pytest.raises(InvalidTerms) as refused:
            terms_from_document(document)

        assert refused.value.pointer == pointer
