"""The golden table: our counts and prices against figures made by hand and by other calculators."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from django.conf import settings

from ledger.pricing import kernel
from ledger.quantities import PICO_PER_UNIT, in_units, whole_units
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.formats.surfaces import CONVENTIONS, Counts, Disagreement, counts
from tests import foreign
from tests.ledger.usage.formats.surfaces import golden_cases, golden_wrong
from tests.ledger.usage.formats.surfaces.golden import Case, Judge, Key, Usage, Wrong

CASES: Final = golden_cases.CASES
WRONG: Final = (*golden_wrong.WRONG, *golden_wrong.COARSER)
JUDGED: Final = [(case, judge) for case in CASES for judge in case.judges]
NORMALISED: Final = [case for case in CASES if case.normalised]
DOCUMENT: Final = Path(settings.BASE_DIR) / "docs" / "usage-formats.md"
TOKENS_PER_QUOTE: Final = 1_000_000


def name_of(value: object) -> str | None:
    if isinstance(value, Case | Wrong):
        return value.name.replace(" ", "-")
    return value.calculator if isinstance(value, Judge) else None


def ours(key: Key, usage: Usage) -> object:
    surface, vendor = key
    return counts(surface=surface, vendor=vendor, usage=usage)


def priced(found: Counts, prices: Mapping[str, str]) -> Decimal:
    """Price counts in whole pico-units per token, as rating does; reasoning costs as output."""
    listed = {"reasoning": prices.get("output", "0"), **prices}
    unpriced = [name for name, count in found._asdict().items() if count and name not in listed]
    assert unpriced == []
    rates = [
        whole_units(Decimal(listed.get(name, "0")) / TOKENS_PER_QUOTE, per_unit=PICO_PER_UNIT)
        for name in TOKEN_CLASSES
    ]
    amounts = kernel.amounts(
        counts=[np.array([count]) for count in found],
        rates=np.array(rates).reshape(1, len(TOKEN_CLASSES), 1),
        row=np.array([0]),
    )
    return in_units(int(amounts.values[0, 0]), per_unit=PICO_PER_UNIT)


def exactly(price: str) -> Decimal:
    """Read a calculator's number; a float's last digits are dust beneath a pico-dollar."""
    return round(Decimal(price), 12)


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, Judge], Mapping[str, str]]:
    """Ask every calculator everything at once: loading them takes longer than pricing."""
    questions = [(case.name, judge, case.usage) for case, judge in JUDGED]
    questions += [(wrong.name, wrong.judge, wrong.usage) for wrong in WRONG]
    found = foreign.answer("prices.py", given=[judge.asked(usage) for _, judge, usage in questions])
    return {
        (name, judge): answer for (name, judge, _), answer in zip(questions, found, strict=True)
    }


@pytest.fixture(scope="module")
def normalised() -> dict[str, Any]:
    """Return LiteLLM's Usage of each vendor's object."""
    asked = [{"flavor": case.normalised, "usage": case.usage} for case in NORMALISED]
    found = foreign.answer("usage_objects.py", "normalise", given=asked)
    return {case.name: usage for case, usage in zip(NORMALISED, found, strict=True)}


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the table in docs/usage-formats.md whose first heading this is."""
    found: list[list[str]] = []
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if line.startswith("|") and (found or cells[0] == heading):
            found.append(cells)
        elif found:
            break
    return found[2:]


class TestTheDocument:
    def test_has_a_row_for_every_convention(self) -> None:
        assert [(row[0], row[1]) for row in rows("surface")] == list(CONVENTIONS)

    def test_has_the_figures_where_calculators_differ(self) -> None:
        assert [row[:4] for row in rows("case")] == [
            [
                wrong.name,
                {"litellm": "LiteLLM"}.get(wrong.judge.calculator, wrong.judge.calculator),
                wrong.theirs,
                wrong.rule or wrong.price,
            ]
            for wrong in WRONG
        ]


class TestTheTable:
    def test_has_every_surface_and_vendor(self) -> None:
        keys = {key for case in CASES for key in case.keys} | {wrong.key for wrong in WRONG}

        assert set(CONVENTIONS) - keys == set()

    def test_has_a_judge_for_each_case_or_the_reason_why_not(self) -> None:
        assert [case.name for case in CASES if bool(case.judges) == bool(case.unjudged)] == []


class TestCounts:
    @pytest.mark.parametrize(
        ("case", "key"), [(case, key) for case in CASES for key in case.keys], ids=name_of
    )
    def test_are_those_counted_by_hand(self, case: Case, key: Key) -> None:
        assert ours(key, case.usage) == case.counts

    @pytest.mark.parametrize("case", NORMALISED, ids=name_of)
    def test_are_those_of_the_same_usage_by_way_of_litellm(
        self, case: Case, normalised: dict[str, Any]
    ) -> None:
        assert ours(("litellm", ""), normalised[case.name]) == case.counts


class TestPrices:
    @pytest.mark.parametrize("case", CASES, ids=name_of)
    def test_are_those_computed_by_hand(self, case: Case) -> None:
        assert priced(case.counts, case.prices) == Decimal(case.price)

    @pytest.mark.parametrize(("case", "judge"), JUDGED, ids=name_of)
    def test_are_those_of_other_calculators_to_the_last_digit(
        self, case: Case, judge: Judge, answers: dict[tuple[str, Judge], Mapping[str, str]]
    ) -> None:
        answer = answers[case.name, judge]

        assert "refused" not in answer
        assert exactly(answer["price"]) == Decimal(case.price)


class TestOtherCalculators:
    @pytest.mark.parametrize("wrong", WRONG, ids=name_of)
    def test_say_what_they_said_when_we_found_it_wrong(
        self, wrong: Wrong, answers: dict[tuple[str, Judge], Mapping[str, str]]
    ) -> None:
        answer = answers[wrong.name, wrong.judge]

        assert exactly(answer.get("price", "-1")) == Decimal(wrong.theirs), answer

    @pytest.mark.parametrize("wrong", WRONG, ids=name_of)
    def test_differ_from_what_we_say(self, wrong: Wrong) -> None:
        found = ours(wrong.key, wrong.usage)

        if wrong.rule:
            assert isinstance(found, Disagreement)
            assert found.rule == wrong.rule
        else:
            assert isinstance(found, Counts)
            assert found == wrong.counts
            assert priced(found, wrong.prices) == Decimal(wrong.price)
            assert Decimal(wrong.price) != Decimal(wrong.theirs)
