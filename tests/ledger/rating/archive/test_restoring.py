"""An archived month comes back as it was, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import audit
from ledger.constraints import MonthNotRestorable
from ledger.rating.archive.models import ArchivedMonth, RestoredMonth
from ledger.rating.archive.restoring import ArchiveDiffers, ArchiveMissing, NotArchived
from settlement.audits import EVERY_AUDIT
from tests.ledger.audit.books import tamper
from tests.ledger.rating.archive import months
from tests.ledger.rating.archive.months import TABLE
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _september() -> Iterator[None]:
    settling.publish()
    months.use_september()
    months.close()
    yield
    assert audit.run(EVERY_AUDIT) == []


class TestRestoreMonth:
    @pytest.mark.parametrize("drop", [False, True])
    def test_brings_back_what_was_there(self, drop: bool, tmp_path: Path) -> None:
        before = months.rows()
        months.archive(tmp_path, drop=drop)

        restored = months.restore(tmp_path)

        assert (restored.rows, restored.origin) == (5, "file" if drop else "table")
        assert months.rows() == before
        assert TABLE in months.partitions()
        assert RestoredMonth.objects.get().origin == restored.origin
        with (
            pytest.raises(IntegrityError, match="is refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {TABLE}")
        with (
            pytest.raises(IntegrityError, match="is refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"TRUNCATE {TABLE}")

    def test_lets_the_month_be_archived_again(self, tmp_path: Path) -> None:
        before = months.rows()
        months.archive(tmp_path)
        months.restore(tmp_path)

        months.archive(tmp_path, drop=True)
        months.restore(tmp_path)
        months.archive(tmp_path)

        assert ArchivedMonth.objects.count() == 3
        assert RestoredMonth.objects.count() == 2
        assert months.rows(TABLE) == before

    def test_takes_a_file_from_wherever_it_is_by_now(self, tmp_path: Path) -> None:
        before = months.rows()
        taken = months.archive(tmp_path, drop=True)
        cellar = tmp_path / "cellar"
        cellar.mkdir()
        taken.file.rename(cellar / taken.file.name)

        months.restore(cellar)

        assert months.rows() == before

    def test_refuses_where_there_is_nothing_to_bring_back(self, tmp_path: Path) -> None:
        with pytest.raises(NotArchived):
            months.restore(tmp_path)

        assert not RestoredMonth.objects.exists()

    def test_refuses_without_table_and_file(self, tmp_path: Path) -> None:
        taken = months.archive(tmp_path / "here", drop=True)

        with pytest.raises(ArchiveMissing, match=taken.file.name):
            months.restore(tmp_path / "there")

        assert not RestoredMonth.objects.exists()
        assert TABLE not in months.partitions()

    def test_refuses_a_file_that_was_changed(self, tmp_path: Path) -> None:
        taken = months.archive(tmp_path, drop=True)
        content = bytearray(taken.file.read_bytes())
        content[len(content) // 2] ^= 1
        taken.file.write_bytes(content)

        with pytest.raises(ArchiveDiffers, match=taken.sha256):
            months.restore(tmp_path)

        assert not RestoredMonth.objects.exists()
        assert TABLE not in months.partitions()

    def test_refuses_a_table_that_was_changed_and_takes_the_file_if_told_to(
        self, tmp_path: Path
    ) -> None:
        before = months.rows()
        months.archive(tmp_path)
        tamper(f"UPDATE {TABLE} SET project = 'another' WHERE event_id = 'plain'")

        with pytest.raises(MonthNotRestorable, match="digest was"):
            months.restore(tmp_path)
        assert TABLE not in months.partitions()
        assert not RestoredMonth.objects.exists()
        months.restore(tmp_path, from_file=True)

        assert months.rows() == before

    def test_takes_the_file_where_the_journal_has_a_column_that_the_table_lacks(
        self, tmp_path: Path
    ) -> None:
        before = months.rows()
        months.archive(tmp_path)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_usage_entry ADD COLUMN added bigint DEFAULT 7")

        restored = months.restore(tmp_path)

        assert restored.origin == "file"
        assert months.rows() == [one | {"added": 7} for one in before]
