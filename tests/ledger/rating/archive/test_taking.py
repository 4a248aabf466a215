"""A month leaves the usage journal: into a file that others read, all of it or nothing."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from ledger import audit
from ledger.constraints import MonthNotArchivable
from ledger.rating.archive import parquet
from ledger.rating.archive.models import ArchivedBatch, ArchivedMonth, ArchivedUsage
from ledger.rating.archive.taking import (
    AlreadyArchived,
    MonthRuns,
    NothingToArchive,
    NotReadyToArchive,
)
from ledger.rating.models import UsageEntry
from settlement.audits import EVERY_AUDIT
from tests import factories
from tests.correcting import correct, void
from tests.ledger.rating.archive import months
from tests.ledger.rating.archive.months import SEPTEMBER, TABLE
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _september() -> Iterator[None]:
    settling.publish()
    months.use_september()
    yield
    assert audit.run(EVERY_AUDIT) == []


def nothing_changed(folder: Path) -> bool:
    """Whether the month is where it was, and neither file nor record was left."""
    return (
        TABLE in months.partitions()
        and len(months.rows()) >= 5
        and not ArchivedMonth.objects.exists()
        and not ArchivedUsage.objects.exists()
        and (not folder.exists() or list(folder.iterdir()) == [])
    )


class TestTheFile:
    def test_holds_every_column_of_every_usage_entry_for_a_foreign_reader(
        self, tmp_path: Path
    ) -> None:
        months.close()
        before = months.rows()

        taken = months.archive(tmp_path)

        found = months.rows_of(taken.file)
        assert found == before
        assert len(found) == 5
        assert {one["event_id"] for one in found} >= {"plain", 'odd, "id"\r\n\'', "last"}
        assert [one["attributes"] for one in found].count(None) == 4
        assert months.EARLY in [one["occurred_at"] for one in found]
        assert months.LAST in [one["occurred_at"] for one in found]

    def test_has_the_types_of_the_journal(self, tmp_path: Path) -> None:
        months.close()

        taken = months.archive(tmp_path)

        with duckdb.connect() as database:
            found = database.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(taken.file)])
            types = {row[0]: row[1] for row in found.fetchall()}
        texts = {"kind", "status", "service_tier", "project", "event_id", "attributes", "written"}
        names = {"source", "provider", "consumer", "deployment", "agreement", "currency"}
        assert {name for name, kind in types.items() if kind == "VARCHAR"} == texts | names
        assert types["occurred_at"] == "TIMESTAMP WITH TIME ZONE"
        assert types["row"] == "INTEGER"
        assert set(types.values()) == {"VARCHAR", "TIMESTAMP WITH TIME ZONE", "INTEGER", "BIGINT"}

    def test_can_be_read_alone(self, tmp_path: Path) -> None:
        months.close()

        taken = months.archive(tmp_path)

        with duckdb.connect() as database:
            sums = database.execute(
                "SELECT consumer, currency, count(*), sum(output),"
                " sum(compute + energy + green + scarcity + margin)::VARCHAR"
                " FROM read_parquet(?) WHERE provider = 'westcloud' GROUP BY ALL ORDER BY consumer",
                [str(taken.file)],
            ).fetchall()
        # 2,420 prefill tokens' worth an event; of the large one 4 × 10^9 at 3,432,734 pico-CNY.
        event = 5_324_000_000 + 10 * 32_428  # the margin is a tenth of all four parts
        assert [row[:4] for row in sums] == [
            ("acme", "CNY", 4, 10**9 + 3 * 500),
            ("eastcloud", "CNY", 1, 500),
        ]
        assert int(sums[1][4]) > event

    def test_is_what_its_record_says(self, tmp_path: Path) -> None:
        months.close()
        before = months.rows()

        taken = months.archive(tmp_path)

        record = ArchivedMonth.objects.get()
        content = taken.file.read_bytes()
        assert list(tmp_path.iterdir()) == [taken.file]
        assert (record.file_name, record.sha256) == (
            taken.file.name,
            hashlib.sha256(content).hexdigest(),
        )
        assert (record.month, record.rows, record.events) == (SEPTEMBER, 5, 5)
        assert (record.archived_by, record.archived_at) == ("tests", settling.LATER)
        for name in ("input", "cache_read", "output", "compute", "margin", "co2_market_nanograms"):
            assert getattr(record, name) == sum(one[name] for one in before), name

    def test_is_compressed_and_in_row_groups(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        months.close()
        monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 2)
        before = months.rows()

        taken = months.archive(tmp_path)

        with duckdb.connect() as database:
            groups = database.execute(
                "SELECT DISTINCT row_group_id, row_group_num_rows, compression"
                " FROM parquet_metadata(?) ORDER BY 1",
                [str(taken.file)],
            ).fetchall()
        assert groups == [(0, 2, "ZSTD"), (1, 2, "ZSTD"), (2, 1, "ZSTD")]
        assert months.rows_of(taken.file) == before


class TestArchiveMonth:
    def test_takes_the_month_off_and_leaves_the_rest(self, tmp_path: Path) -> None:
        settling.use("october")
        months.close()
        months.close(settling.NOVEMBER)

        taken = months.archive(tmp_path)

        assert (taken.rows, taken.table_stands) == (5, True)
        assert list(UsageEntry.objects.values_list("event_id", flat=True)) == ["october"]
        assert TABLE not in months.partitions()
        assert len(months.rows(TABLE)) == 5

    def test_drops_its_table_if_asked(self, tmp_path: Path) -> None:
        months.close()

        months.archive(tmp_path, drop=True)

        with pytest.raises(DatabaseError), transaction.atomic():
            months.rows(TABLE)

    def test_keeps_what_its_postings_and_batches_are_proved_by(self, tmp_path: Path) -> None:
        months.close()
        tokens = {one["journal_entry_id"]: one["input"] for one in months.rows()}

        months.archive(tmp_path)

        usage = ArchivedUsage.objects.values_list("journal_entry_id", "input", "rows")
        assert {entry: (tokens_, rows) for entry, tokens_, rows in usage} == {
            entry: (number, 1) for entry, number in tokens.items()
        }
        assert list(ArchivedBatch.objects.values_list("events", "batch_rows")) == [
            (1, Multirange([Range(0, 1)]))
        ] * len(tokens)

    def test_takes_corrections_too(self, tmp_path: Path) -> None:
        months.close()
        correct(void("large"), now=settling.LATER)
        months.close(settling.NOVEMBER)
        before = months.rows()

        months.archive(tmp_path)

        record = ArchivedMonth.objects.get()
        assert (record.rows, record.events) == (6, 4)
        assert record.input == 4 * 800
        (file,) = tmp_path.iterdir()
        assert months.rows_of(file) == before
        (reversal,) = [one for one in before if one["kind"] == "reversal"]
        assert months.money(reversal) < 0

    def test_leaves_no_trace_of_a_run_that_was_killed_and_did_not_finish(
        self, tmp_path: Path
    ) -> None:
        months.close()
        (tmp_path / ".usage-2026-09.parquet.part").write_bytes(b"half a file")

        taken = months.archive(tmp_path)

        assert list(tmp_path.iterdir()) == [taken.file]


class TestTheTableThatStandsByItself:
    @pytest.mark.parametrize(
        "attack",
        [
            f"UPDATE {TABLE} SET output = 0",
            f"DELETE FROM {TABLE}",
            f"DELETE FROM {TABLE} WHERE false",
            f"TRUNCATE {TABLE}",
            f"INSERT INTO {TABLE} SELECT * FROM {TABLE}",
        ],
    )
    def test_refuses_every_change(self, attack: str, tmp_path: Path) -> None:
        months.close()
        months.archive(tmp_path)
        before = months.rows(TABLE)

        with (
            pytest.raises(IntegrityError, match="is refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(attack)

        assert months.rows(TABLE) == before


class TestRefusals:
    def test_of_a_month_that_is_not_over(self, tmp_path: Path) -> None:
        with pytest.raises(MonthRuns, match="2026-12 is over at 2027-01-01 00:00 UTC"):
            months.archive(tmp_path, month=date(2026, 12, 1))

        assert nothing_changed(tmp_path)

    def test_of_a_month_of_which_there_is_nothing(self, tmp_path: Path) -> None:
        months.close()

        with pytest.raises(NothingToArchive):
            months.archive(tmp_path, month=date(2026, 7, 1))

        assert nothing_changed(tmp_path)

    def test_of_a_month_whose_usage_is_booked_in_an_open_period(self, tmp_path: Path) -> None:
        # The event of the last second of September is of October in Shanghai.
        months.close(SEPTEMBER)

        with pytest.raises(NotReadyToArchive, match="westcloud-acme 2026-10") as refused:
            months.archive(tmp_path)

        assert refused.value.open_periods == ["westcloud-acme 2026-10"]
        assert nothing_changed(tmp_path)

    def test_of_a_month_of_which_something_is_set_aside(self, tmp_path: Path) -> None:
        months.close()
        settling.use("aside", occurred_at=months.EARLY, consumer="newcomer")

        with pytest.raises(NotReadyToArchive) as refused:
            months.archive(tmp_path)

        assert (refused.value.set_aside, refused.value.waiting) == (1, 0)
        assert nothing_changed(tmp_path)

    def test_of_a_month_of_which_something_waits_but_not_of_another(self, tmp_path: Path) -> None:
        months.close()
        factories.record(factories.event("october"), now=settling.LATER)
        factories.record(factories.event("timeless", occurred_at=None), now=settling.LATER)
        factories.record(
            *(factories.event(f"more-{number}") for number in range(3)),
            factories.event("late", occurred_at=months.EARLY),
        )

        with pytest.raises(NotReadyToArchive) as refused:
            months.archive(tmp_path)

        assert (refused.value.set_aside, refused.value.waiting) == (0, 1)
        assert nothing_changed(tmp_path)

    def test_of_a_month_that_is_archived(self, tmp_path: Path) -> None:
        months.close()
        taken = months.archive(tmp_path)

        with pytest.raises(AlreadyArchived, match=taken.file.name):
            months.archive(tmp_path / "elsewhere")

        assert ArchivedMonth.objects.count() == 1
        assert list(tmp_path.iterdir()) == [taken.file]

    def test_of_a_month_whose_rollup_is_wrong(self, tmp_path: Path) -> None:
        months.close()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_usage_rollup SET output = output + 1")

        with pytest.raises(MonthNotArchivable, match="the rollup of") as refused:
            months.archive(tmp_path)

        assert refused.value.constraint == "ledger_archived_month_rollup_equal"
        assert nothing_changed(tmp_path)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_usage_rollup SET output = output - 1")


class TestTheDatabase:
    """Refuses by itself, whoever calls its function."""

    def archive(self, **changed: Any) -> None:
        columns = [one.name for one in parquet.journal_columns()]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_usage_facts(ledger_usage_table('2026-09-01'), %s)", [columns]
            )
            facts = json.loads(cursor.fetchone()[0])
            cursor.execute(
                "SELECT ledger_archive_usage_month(%s, 'file', repeat('0', 64), %s, %s, false,"
                " 'tests', %s)",
                [
                    SEPTEMBER,
                    changed.pop("columns", columns),
                    json.dumps(facts | changed.pop("facts", {})),
                    changed.pop("now", settling.LATER),
                ],
            )

    @pytest.mark.parametrize("fact", ["rows", "digest", "id", "occurred_at", "event_id", "margin"])
    def test_what_does_not_hold_the_same(self, fact: str, tmp_path: Path) -> None:
        months.close()

        with pytest.raises(IntegrityError, match=f"{fact} is 7 in the file"):
            self.archive(facts={fact: "7"})

        assert nothing_changed(tmp_path)

    def test_what_holds_other_columns(self, tmp_path: Path) -> None:
        months.close()

        with pytest.raises(IntegrityError, match="has other columns"):
            self.archive(columns=["id", "occurred_at"])

        assert nothing_changed(tmp_path)

    def test_an_open_period(self, tmp_path: Path) -> None:
        months.close(SEPTEMBER)

        with pytest.raises(IntegrityError, match="2026-10 of agreement westcloud-acme, which is"):
            self.archive()

        assert nothing_changed(tmp_path)

    def test_a_month_that_runs(self, tmp_path: Path) -> None:
        months.close()

        with pytest.raises(IntegrityError, match="2026-09 is not over"):
            self.archive(now=datetime(2026, 9, 30, 23, tzinfo=UTC))

        assert nothing_changed(tmp_path)

    def test_events_that_are_set_aside(self, tmp_path: Path) -> None:
        months.close()
        settling.use("aside", occurred_at=months.EARLY, consumer="newcomer")

        with pytest.raises(IntegrityError, match="1 events of 2026-09 are set aside"):
            self.archive()

        assert nothing_changed(tmp_path)

    def test_another_partition_of_an_archived_month(self, tmp_path: Path) -> None:
        months.close()
        months.archive(tmp_path, drop=True)

        with (
            pytest.raises(IntegrityError, match="restore it"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT ledger_add_usage_month('2026-09-01')")

        assert TABLE not in months.partitions()
