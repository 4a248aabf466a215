"""`manage.py price_series`: a market's table becomes days that can be published."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from ledger.pricing.models import PriceDay
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
OPTIONS = {
    "series": "de",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "resolution": 15,
    "per": "mwh",
    "provenance": "test",
}


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["time,price", *lines]) + "\n", encoding="utf-8")
    return path


def run(path: Path, **options: object) -> tuple[dict[str, Any], str]:
    out, err = StringIO(), StringIO()
    call_command("price_series", str(path), stdout=out, stderr=err, **(OPTIONS | options))
    return json.loads(out.getvalue()), err.getvalue().strip()


class TestPriceSeries:
    @pytest.mark.django_db
    def test_reads_a_year_of_quarter_hours_that_publish_takes(self, tmp_path: Path) -> None:
        first = datetime(2025, 1, 1, tzinfo=BERLIN).astimezone(UTC)
        lines = [
            f"{(first + number * timedelta(minutes=15)).astimezone(BERLIN).isoformat()},{number}"
            for number in range(35_040)
        ]

        document, said = run(table(tmp_path / "prices.csv", *lines))
        factories.publish(factories.catalogue() | document)

        assert said == "365 days, 0 intervals without a price"
        assert PriceDay.objects.count() == 365
        lengths = {
            one.day.isoformat(): len(one.prices)
            for one in PriceDay.objects.all()
            if len(one.prices) != 96
        }
        assert lengths == {"2025-03-30": 92, "2025-10-26": 100}
        last = PriceDay.objects.get(day="2025-12-31")
        assert last.prices[95] == "35.039"  # 35,039 a megawatt-hour

    def test_states_what_is_left_out_as_null(self, tmp_path: Path) -> None:
        lines = ("2026-01-01T00:15:00+01:00,-12.50", "2026-01-01T00:30:00+01:00,")

        document, said = run(table(tmp_path / "prices.csv", *lines))

        (day,) = document["price_days"]
        assert day["prices"][:3] == [None, "-0.0125", None]
        assert said == "1 days, 95 intervals without a price"

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("2026-01-01T00:15:00,1", "has no offset"),
            ("yesterday,1", "is not a time"),
            ("2026-01-01T00:20:00+01:00,1", "starts no interval"),
            ("2026-01-01T00:15:01+01:00,1", "starts no interval"),
            ("2026-01-01T00:00:00+01:00,1", "comes a second time"),
            ("2026-01-01T00:15:00+01:00,1.5e", "is not a number"),
        ],
    )
    def test_refuses_a_line_by_its_number(self, line: str, said: str, tmp_path: Path) -> None:
        path = table(tmp_path / "prices.csv", "2026-01-01T00:00:00+01:00,1", line)

        with pytest.raises(CommandError, match=f"line 3: .*{said}"):
            run(path)

    def test_refuses_a_table_without_the_column(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="no column 'eur'"):
            run(table(tmp_path / "prices.csv"), price_column="eur")
