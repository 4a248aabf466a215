"""`manage.py rerate` as operators run it."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger import tasks
from ledger.rating import rate
from ledger.rating.rerating.models import Rerating
from tests import factories, rerating
from tests.callers import user
from tests.factories import NOW
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

OCTOBER = ("--from", "2026-10-01", "--to", "2026-11-01T00:00:00Z")


@pytest.fixture(autouse=True)
def _dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    settling.publish()
    factories.record(factories.event("a"), factories.event("b", consumer="eastcloud"))
    rate.rate_pending(now=NOW)
    rerating.publish(rerating.electricity("0.72"))
    user("maker"), user("checker")
    monkeypatch.setattr(tasks, "wake_reratings", lambda: None)
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 11, 2, 9, tzinfo=UTC))


def said(*command: str) -> list[str]:
    output = StringIO()
    call_command("rerate", *command, stdout=output)
    return output.getvalue().splitlines()


class TestCommand:
    def test_shows_what_would_change_and_records_nothing(self) -> None:
        lines = said(*OCTOBER, "--dry-run", "--consumer", "acme")

        changed = "0.008307214000 → 0.008626654000 CNY (+0.000319440000)"
        first, total, counted = lines
        assert first == f"2026-10-05  westcloud → acme: 1 usage entries, {changed}"
        assert total == f"in all {changed}"
        assert counted.startswith("1 of 1 usage entries would be taken back and replaced; 0 more")
        assert not Rerating.objects.exists()

    def test_proposes_and_lets_another_person_approve(self) -> None:
        proposed = said(*OCTOBER, "--as", "maker", "--reason", "the tariff was wrong")
        id_ = str(Rerating.objects.get().pk)

        with pytest.raises(CommandError, match="another person approves it"):
            said("--approve", id_, "--as", "maker")
        approved = said("--approve", id_, "--as", "checker")

        assert proposed[-1] == f"re-rating {id_} is proposed; another person approves it"
        assert approved == [f"re-rating {id_} is approved, and applied soon"]

    def test_withdraws(self) -> None:
        said(*OCTOBER, "--as", "maker", "--reason", "the tariff was wrong")
        id_ = str(Rerating.objects.get().pk)

        assert said("--withdraw", id_, "--as", "maker") == [f"re-rating {id_} is withdrawn"]

    @pytest.mark.parametrize(
        ("command", "why"),
        [
            (("--dry-run",), "say it with --from"),
            (OCTOBER, "say who acts with --as"),
            ((*OCTOBER, "--as", "nobody", "--reason", "x"), "there is no user 'nobody'"),
            ((*OCTOBER, "--as", "maker"), "say why"),
            (("--approve", "4711", "--as", "checker"), "there is no re-rating '4711'"),
            (("--from", "October", "--dry-run"), "is no date"),
        ],
    )
    def test_says_what_it_refuses(self, command: tuple[str, ...], why: str) -> None:
        with pytest.raises(CommandError, match=why):
            said(*command)
