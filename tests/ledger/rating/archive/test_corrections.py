"""Corrections of what is archived: they wait for the month, and nothing else does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import audit
from ledger.rating.archive.taking import NotReadyToArchive
from ledger.rating.models import SetAside
from ledger.usage.models import Correction, UsageBatch
from settlement.audits import EVERY_AUDIT
from tests.correcting import amend, apply, correct, void
from tests.ledger.rating.archive import months
from tests.ledger.rating.archive.months import EARLY
from tests.settlement import factories as settling
from tests.settlement.factories import LATER

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _september() -> Iterator[None]:
    settling.publish()
    months.use_september()
    months.close()
    yield
    assert audit.run(EVERY_AUDIT) == []


def tokens() -> int:
    return int(settling.balance("consumer:acme:tokens:TOK"))


class TestCorrections:
    def test_wait_for_a_month_that_is_archived_until_it_is_restored(self, tmp_path: Path) -> None:
        before = tokens()
        months.archive(tmp_path)
        (waiting,) = correct(void("plain"), now=LATER)

        assert (waiting.lack, waiting.missing) == ("month_archived", "month:2026-09")
        assert tokens() == before

        months.restore(tmp_path)
        apply(now=LATER)

        assert Correction.objects.get().state == "applied"
        assert tokens() == before - 2_500

    def test_wait_where_the_batch_has_lost_its_payload_as_well(self, tmp_path: Path) -> None:
        UsageBatch.objects.update(payload=None)
        months.archive(tmp_path)

        (waiting,) = correct(void("plain"), now=LATER)

        assert (waiting.state, waiting.lack) == ("waiting", "month_archived")

    def test_that_were_applied_go_with_their_month(self, tmp_path: Path) -> None:
        before = tokens()
        correct(void("plain"), amend("last", usage={"input": 1}), now=LATER)
        months.close(settling.NOVEMBER)

        months.archive(tmp_path)

        assert tokens() == before - 2 * 2_500 + 1
        assert audit.run(EVERY_AUDIT) == []
        months.restore(tmp_path)

    def test_that_wait_keep_their_month(self, tmp_path: Path) -> None:
        correct(amend("plain", deployment="nowhere"), now=LATER)

        with pytest.raises(NotReadyToArchive) as refused:
            months.archive(tmp_path)

        assert refused.value.corrections == 1

    def test_void_what_came_late_for_an_archived_month(self, tmp_path: Path) -> None:
        months.archive(tmp_path)
        settling.use("late", occurred_at=EARLY)
        assert SetAside.objects.get().reason == "month_archived"

        (correction,) = correct(void("late"), now=LATER)

        assert correction.state == "applied"
        assert not SetAside.objects.exists()
