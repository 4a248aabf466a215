"""A month is settled from what stands of it, whether its usage entries are at hand or archived."""

from pathlib import Path

import pytest

from ledger import audit
from ledger.rating.models import UsageEntry
from settlement.audits import EVERY_AUDIT
from settlement.clearing import gross
from settlement.clearing.models import StatementLine
from settlement.statements import files
from tests.correcting import correct, void
from tests.ledger.rating.archive import months
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _september() -> None:
    settling.publish()
    months.use_september()
    settling.use("october", project="chat")
    months.close()


class TestAnArchivedMonth:
    def test_comes_to_the_same_as_before(self, tmp_path: Path) -> None:
        before = gross.at_cut_off(starts_on=settling.OCTOBER)

        months.archive(tmp_path, drop=True)

        assert gross.at_cut_off(starts_on=settling.OCTOBER) == before
        assert sum(line.events for one in before for line in one.lines) == 6
        assert UsageEntry.objects.count() == 1

    def test_comes_to_the_same_with_what_was_taken_back(self, tmp_path: Path) -> None:
        correct(void("large"), now=settling.LATER)
        months.close(settling.NOVEMBER)
        before = gross.at_cut_off(starts_on=settling.NOVEMBER)

        months.archive(tmp_path)

        assert gross.at_cut_off(starts_on=settling.NOVEMBER) == before
        assert sum(line.events for one in before for line in one.lines) == 5
        assert audit.run(EVERY_AUDIT) == []

    def test_is_settled_and_exported_with_its_lines(self, tmp_path: Path) -> None:
        months.archive(tmp_path / "archive", drop=True)

        settlement = settling.settle()
        written = files.write(settlement_id=settlement.pk, folder=tmp_path / "out")

        assert audit.run(EVERY_AUDIT) == []
        assert sum(StatementLine.objects.values_list("events", flat=True)) == 6
        assert len(written) > 3

    def test_may_be_archived_after_it_was_settled(self, tmp_path: Path) -> None:
        settling.settle()

        months.archive(tmp_path)

        assert audit.run(EVERY_AUDIT) == []
        months.restore(tmp_path)
        assert audit.run(EVERY_AUDIT) == []
