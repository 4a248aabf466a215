"""Propose, approve, withdraw: two people, and nothing that changed meanwhile."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ledger.rating import rate
from ledger.rating.models import UsageEntry
from ledger.rating.rerating import approvals, scope
from ledger.rating.rerating.approvals import (
    NoSuchRerating,
    NothingToRerate,
    ReratingApproverProposed,
    ReratingNotOpen,
    ReratingStale,
)
from ledger.rating.rerating.models import Rerating
from ledger.rating.rerating.scope import ReratingScopeInvalid
from tests import factories, rerating
from tests.callers import user
from tests.correcting import correct, void
from tests.factories import NOW
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _dearer() -> None:
    settling.publish()
    factories.record(factories.event("a"), factories.event("b"))
    rate.rate_pending(now=NOW)
    rerating.publish(rerating.electricity("0.72"))


class TestPropose:
    def test_keeps_what_would_change_and_books_nothing(self) -> None:
        run = rerating.propose()

        assert (run.state, run.preview["entries"], run.asked_by.get_username()) == (
            *("proposed", 2),
            "proposer",
        )
        assert run.preview["lines"] == rerating.previewed().document["lines"]
        assert UsageEntry.objects.count() == 2
        assert rerating.apply() == []

    def test_refuses_what_would_change_nothing(self) -> None:
        with pytest.raises(NothingToRerate, match="none of 0 usage entries"):
            rerating.propose(consumer="eastcloud")

        assert not Rerating.objects.exists()

    def test_wants_a_reason(self) -> None:
        with pytest.raises(ReratingScopeInvalid, match="say why"):
            approvals.propose(
                scope.named(**rerating.OCTOBER), reason=" ", user=user("proposer"), now=NOW
            )


class TestScope:
    @pytest.mark.parametrize(
        ("parts", "said"),
        [
            ({"provider": "nobody"}, "provider: there is no provider 'nobody'"),
            ({"provider": "acme"}, "provider: there is no provider 'acme'"),
            ({"consumer": "nobody"}, "consumer: there is no consumer 'nobody'"),
            ({"deployment": "qwen"}, "deployment: name its provider as well"),
            ({"provider": "eastcloud", "deployment": "qwen"}, "there is no deployment 'qwen'"),
            ({"ends_at": datetime(2026, 10, 1, tzinfo=UTC)}, "is not after the beginning"),
        ],
    )
    def test_is_refused_if_it_says_nothing(self, parts: dict[str, Any], said: str) -> None:
        with pytest.raises(ReratingScopeInvalid, match=said):
            rerating.propose(**parts)


class TestApprove:
    def test_takes_another_person(self) -> None:
        run = rerating.propose()

        with pytest.raises(ReratingApproverProposed, match="proposer proposed re-rating"):
            approvals.approve(run.pk, user=user("proposer"), now=NOW)

        assert rerating.approve(run).approved_by.get_username() == "approver"  # type: ignore[union-attr]

    def test_takes_another_person_in_the_database_too(self) -> None:
        run = rerating.propose()

        with (
            pytest.raises(IntegrityError, match="ledger_rerating_approved_by_another"),
            transaction.atomic(),
        ):
            Rerating.objects.filter(pk=run.pk).update(
                state="approved", approved_by_id=run.asked_by_id, approved_at=NOW
            )

    def test_refuses_what_would_do_something_else_by_now(self) -> None:
        run = rerating.propose()
        correct(void("a"))

        with pytest.raises(ReratingStale) as stale:
            rerating.approve(run)

        assert (stale.value.proposed_entries, stale.value.current_entries) == (2, 1)
        assert Rerating.objects.get().state == "proposed"

    def test_refuses_it_after_another_price_too(self) -> None:
        run = rerating.propose()
        rerating.publish(rerating.electricity("0.73", valid_from="2026-09-01T00:00:00Z"))

        with pytest.raises(ReratingStale):
            rerating.approve(run)

    def test_happens_once(self) -> None:
        run = rerating.approve(rerating.propose())

        with pytest.raises(ReratingNotOpen, match="is approved"):
            rerating.approve(run)

    def test_knows_only_what_there_is(self) -> None:
        with pytest.raises(NoSuchRerating):
            approvals.approve(4711, user=user("approver"), now=NOW)


class TestWithdraw:
    def test_ends_what_has_not_begun(self) -> None:
        run = rerating.approve(rerating.propose())

        withdrawn = approvals.withdraw(run.pk, user=user("proposer"), now=NOW)

        assert (withdrawn.state, withdrawn.outcome) == ("withdrawn", "withdrawn by proposer")
        assert rerating.apply() == []

    def test_is_too_late_once_it_is_applied(self) -> None:
        run = rerating.rerate()

        with pytest.raises(ReratingNotOpen, match="is applied"):
            approvals.withdraw(run.pk, user=user("proposer"), now=NOW)
