"""`archive_month` and `restore_month` as operators run them."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ledger.rating.archive.models import ArchivedMonth, RestoredMonth
from tests.ledger.rating.archive import months
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _september(monkeypatch: pytest.MonkeyPatch) -> None:
    settling.publish()
    months.use_september()
    months.close()
    # September of the tests may be years away from where this runs.
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 12, 3, 9, tzinfo=UTC))


def said(*command: str) -> str:
    output = StringIO()
    call_command(*command, stdout=output)
    return output.getvalue()


class TestCommands:
    def test_take_a_month_off_and_bring_it_back(self, tmp_path: Path) -> None:
        before = months.rows()

        taken = said("archive_month", "2026-09", "--to", f"{tmp_path}", "--as", "alice", "--drop")
        restored = said("restore_month", "2026-09", "--from", f"{tmp_path}", "--as", "bob")

        (file,) = tmp_path.iterdir()
        assert taken.splitlines() == [
            f"2026-09 is archived: 5 usage entries in {file}",
            f"SHA-256 {ArchivedMonth.objects.get().sha256}",
        ]
        assert restored == (
            "2026-09 is in the usage journal again: 5 usage entries, from its file\n"
        )
        assert ArchivedMonth.objects.get().archived_by == "alice"
        assert RestoredMonth.objects.get().restored_by == "bob"
        assert months.rows() == before

    def test_say_what_they_refuse(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="2026-12 is over at 2027-01-01 00:00 UTC"):
            said("archive_month", "2026-12", "--to", f"{tmp_path}")
        with pytest.raises(CommandError, match="write it as YYYY-MM"):
            said("archive_month", "2026/09", "--to", f"{tmp_path}")
        with pytest.raises(CommandError, match="2026-09 is not archived"):
            said("restore_month", "2026-09", "--from", f"{tmp_path}")

        assert not ArchivedMonth.objects.exists()
