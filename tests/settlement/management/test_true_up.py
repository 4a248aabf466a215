"""A month with volume terms, from the dry run over close and settlement to files."""

import csv
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from ledger.quantities import EXACT
from settlement.statements import files
from tests import beancount_books
from tests import factories as ledger
from tests.factories import version
from tests.settlement import factories

pytestmark = pytest.mark.django_db

TIERS = {
    "kind": "graduated",
    "measure": "tokens",
    "classes": ["output"],
    "steps": [
        {"up_to": "600", "per_million_tokens": "16"},
        {"per_million_tokens": "10"},
    ],
}


@pytest.fixture(autouse=True)
def _month() -> None:
    factories.publish()
    ledger.publish(
        {
            "agreement_versions": [
                version(
                    agreement="westcloud-acme",
                    currency="CNY",
                    rate_card="standard",
                    fee_rate="0.02",
                    fee_consumer_share="0.25",
                    volume_terms={"tiers": TIERS, "discount": {"percent": "10"}},
                )
            ]
        }
    )
    factories.use("evt-1", "evt-2")


def said(*arguments: str) -> str:
    """Return what the command says, with single spaces."""
    out = StringIO()
    call_command("true_up", *arguments, stdout=out)
    return " ".join(out.getvalue().split())


class TestTrueUp:
    def test_shows_the_working_before_and_after_the_close(self) -> None:
        assert said("2026-10") == "2026-10: there are no true-ups"
        # 1,000 output tokens: 600 at 16 a million and 400 at 10; a tenth of 0.0136 is 0.00136.
        working = (
            "westcloud-acme, 2026-10, CNY"
            " charged by the rate cards 0.016614428"
            " 600 tokens at 16 a million 0.0096"
            " 400 tokens at 10 a million 0.004"
            " by the tiers 0.0136"
            " less 10 % -0.00136"
            " true-up -0.004374428"
            " to book: volume -0.003014428000"
            " to book: discount -0.001360000000"
        )

        before = said("2026-10", "--dry-run")
        factories.calculate()

        assert before.startswith(working)
        assert said("2026-10") == before

    def test_is_in_the_export_the_statements_and_the_books_of_others(self, tmp_path: Path) -> None:
        settlement = factories.settle()

        files.write(settlement_id=settlement.pk, folder=tmp_path)

        (lines,) = tmp_path.glob("*-lines.csv")
        with lines.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        (true_up,) = [row for row in rows if row["kind"] == "true_up"]
        assert Decimal(true_up["price"]) == Decimal("-0.004374428")
        with (next(tmp_path.rglob("*-acme.json"))).open(encoding="utf-8") as file:
            (section,) = json.load(file)["sections"]
        assert Decimal(section["price"]) == EXACT.subtract(Decimal("0.0136"), Decimal("0.00136"))
        (shown,) = section["true_ups"]
        assert [row["step"] for row in shown["working"]] == [
            *("charged", "tier", "tier", "tiered", "discount", "true_up"),
        ]
        assert beancount_books.bean_check(tmp_path) == beancount_books.Verdict(0, "")
