"""Readings are taken as sets, corrected by revisions, and never overlap."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from time import perf_counter

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from ledger.energy import readings, sites
from ledger.energy.models import MeterReading
from ledger.energy.readings import ReadingsInvalid
from ledger.parties.models import Party
from ledger.parties.viewers import Viewer
from tests import factories
from tests.ledger.energy import metering
from tests.ledger.energy.metering import BEGIN, NOW

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)
HEADER = "site,kind,starts_at,ends_at,quantity,grade,source\n"


def westcloud() -> Viewer:
    return Viewer(Party.objects.get(code="westcloud").pk, sees_all=False)


class TestRecord:
    def test_takes_a_reading_of_a_known_interval_for_a_correction(self) -> None:
        factories.publish()
        metering.count(metering.reading("1"))

        done = metering.count(metering.reading("2"))

        assert (done.new, done.revised, done.unchanged) == (0, 1, 0)
        assert list(MeterReading.objects.order_by("id").values_list("revision", "quantity")) == [
            (1, Decimal(1)),
            (2, Decimal(2)),
        ]

    def test_passes_over_what_stands_already(self) -> None:
        factories.publish()
        metering.count(metering.reading("1"))

        done = metering.count(metering.reading("1.0"))

        assert (done.new, done.revised, done.unchanged) == (0, 0, 1)

    def test_refuses_an_overlap_by_name_and_records_nothing(self) -> None:
        factories.publish()
        metering.count(metering.reading("1", end=BEGIN + 4 * QUARTER))

        with pytest.raises(ReadingsInvalid) as refused:
            metering.count(
                metering.reading("1", "it"),
                metering.reading("1", begin=BEGIN + QUARTER, end=BEGIN + 2 * QUARTER),
            )

        assert refused.value.errors == [
            {
                "pointer": "#/1",
                "detail": "facility of west from 2026-09-30 16:15 to 2026-09-30 16:30 UTC overlaps"
                " the reading from 2026-09-30 16:00 to 2026-09-30 17:00 UTC",
            }
        ]
        assert MeterReading.objects.count() == 1

    def test_refuses_an_overlap_within_what_is_stated(self) -> None:
        factories.publish()

        with pytest.raises(ReadingsInvalid, match="overlaps"):
            metering.count(
                metering.reading("1", end=BEGIN + 2 * QUARTER),
                metering.reading("1", begin=BEGIN + QUARTER, end=BEGIN + 3 * QUARTER),
            )

    def test_refuses_what_is_not_over_yet(self) -> None:
        factories.publish()

        with pytest.raises(ReadingsInvalid, match="is not over yet"):
            metering.count(metering.reading("1"), now=NOW - timedelta(days=5))

    def test_lets_a_provider_speak_for_a_site_of_its_own(self) -> None:
        factories.publish()

        done = readings.record(westcloud(), [metering.reading("1")], by="westcloud", now=NOW)

        assert done.new == 1

    def test_lets_nobody_but_the_platform_speak_for_a_shared_site(self) -> None:
        factories.publish()
        east = {"code": "eastcloud", "name": "East Cloud", "kind": "provider"}
        (qwen,) = factories.catalogue()["deployments"]
        factories.publish({"parties": [east], "deployments": [qwen | {"provider": "eastcloud"}]})

        with pytest.raises(sites.SiteShared):
            readings.record(westcloud(), [metering.reading("1")], by="westcloud", now=NOW)
        with pytest.raises(sites.NoSuchSite):
            readings.record(Viewer(0, sees_all=False), [metering.reading("1")], by="x", now=NOW)

        assert not MeterReading.objects.exists()


class TestDatabase:
    """The rules hold in the database, too."""

    INSERT = """
        INSERT INTO ledger_meter_reading
            (site_id, kind, starts_at, ends_at, revision, quantity, grade, source, recorded_at,
             recorded_by)
        SELECT site_id, kind, starts_at + %s * '15 minutes'::interval, ends_at, %s, quantity,
               grade, source, recorded_at, recorded_by
        FROM ledger_meter_reading
    """

    @pytest.mark.parametrize(
        ("later", "revision", "constraint"),
        [
            (1, 1, "ledger_meter_reading_interval_apart"),
            (0, 1, "ledger_meter_reading_interval"),
            (0, 3, "ledger_meter_reading_revision_follows"),
            (1, 2, "ledger_meter_reading_revision_follows"),
        ],
    )
    def test_refuses_overlaps_and_revisions_of_nothing(
        self, later: int, revision: int, constraint: str
    ) -> None:
        factories.publish()
        metering.count(metering.reading("1"))

        with (
            pytest.raises(IntegrityError, match=constraint),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(self.INSERT, [later, revision])

        assert MeterReading.objects.count() == 1


class TestImport:
    def test_records_good_rows_and_names_bad_ones_by_line(self, tmp_path: Path) -> None:
        factories.publish()
        file = tmp_path / "october.csv"
        file.write_text(
            HEADER
            + "west,facility,2026-10-01T00:00:00+08:00,2026-10-01T00:15:00+08:00,12.5,M,meter 7\n"
            + "west,facility,2026-10-01T00:15:00+08:00,2026-10-01T00:30:00+08:00,-1,M,meter 7\n"
            + "east,facility,2026-10-01T00:15:00+08:00,2026-10-01T00:30:00+08:00,1,M,meter 7\n"
            + "west,facility,2026-10-01T00:10:00+08:00,2026-10-01T00:30:00+08:00,1,M,meter 7\n"
            + "west,facility,2026-10-01T00:00:00+08:00,2026-10-01T00:45:00+08:00,1,M,meter 7\n"
            + "west,it,2026-10-01T00:00:00+08:00,2026-10-01T00:15:00+08:00,10,,\n"
        )
        out, errors = StringIO(), StringIO()

        with pytest.raises(CommandError, match="4 lines were not recorded"):
            call_command("import_readings", str(file), stdout=out, stderr=errors)

        assert out.getvalue() == "2 new readings, 0 revised, 0 unchanged\n"
        assert [line.partition(":")[0] for line in errors.getvalue().splitlines()] == [
            *("line 3", "line 4", "line 5", "line 6")
        ]
        assert "quantity must be a number" in errors.getvalue()
        assert set(MeterReading.objects.values_list("kind", "quantity", "grade")) == {
            ("facility", Decimal("12.5"), "M"),
            ("it", Decimal(10), "M"),
        }

    def test_takes_a_year_of_quarter_hours_in_seconds(self, tmp_path: Path) -> None:
        factories.publish()
        file = tmp_path / "year.csv"
        begin = metering.BEGIN - timedelta(days=364)
        file.write_text(
            HEADER
            + "".join(
                f"west,facility,{(begin + n * QUARTER).isoformat()},"
                f"{(begin + (n + 1) * QUARTER).isoformat()},{n % 97}.125,M,meter 7\n"
                for n in range(35_040)
            )
        )
        began = perf_counter()

        call_command("import_readings", str(file), stdout=StringIO())

        assert MeterReading.objects.count() == 35_040
        assert perf_counter() - began < 30
