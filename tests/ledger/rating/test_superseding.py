"""A provider's final figure takes the place of its estimate, whichever comes first."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ledger import audit
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import Correction, EventKey, UsageBatch
from settlement.audits import EVERY_AUDIT
from tests import factories
from tests.correcting import amend, apply, ask, correct, void
from tests.factories import NOW
from tests.ledger.rating.test_quarantine import contradicting, post
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

ESTIMATE = {"input": 1_000}
FIGURE = {"input": 900, "output": 40}


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    settling.publish()


def provisional(event_id: str = "estimate", **data: Any) -> dict[str, Any]:
    return factories.event(event_id, usage=ESTIMATE, **data)


def final(event_id: str = "figure", *, supersedes: str = "estimate", **data: Any) -> dict[str, Any]:
    return factories.event(event_id, usage=FIGURE, supersedes=supersedes, **data)


def work() -> None:
    """Do whatever waits, in the order in which workers look for it."""
    while rate.rate_pending(now=NOW) is not None or apply():
        pass


def work_later() -> None:
    """Look again for events that had not come, which is done less and less often."""
    while apply(now=NOW + timedelta(hours=2)):
        pass


def tokens() -> int:
    return int(settling.balance("consumer:acme:tokens:TOK"))


def outcome(number: int = 1) -> tuple[str, str]:
    correction = Correction.objects.get(number=number)
    return correction.state, correction.outcome


class TestSupersede:
    @pytest.mark.parametrize(
        "posts",
        [
            [[provisional()], [final()]],
            [[final()], [provisional()]],
            [[provisional(), final()]],
            [[final(), provisional()]],
        ],
        ids=["after it", "before it", "behind it in a batch", "ahead of it in a batch"],
    )
    def test_leaves_the_final_figure_alone_in_the_books(
        self, posts: list[list[dict[str, Any]]]
    ) -> None:
        for events in posts:
            factories.record(*events)
            work()
        work_later()

        assert tokens() == 940
        kinds = UsageEntry.objects.order_by("event_id", "id").values_list("event_id", "kind")
        assert list(kinds) == [
            ("estimate", "usage"),
            ("estimate", "reversal"),
            ("figure", "usage"),
        ]
        correction = Correction.objects.get()
        assert (correction.act, correction.state) == ("supersede", "applied")
        assert correction.reason == "superseded by figure"
        assert (correction.event_id, correction.final_event_id) == ("estimate", "figure")
        assert audit.run(EVERY_AUDIT) == []

    def test_of_itself_is_refused(self) -> None:
        factories.record(provisional())
        before = EventKey.objects.count(), UsageBatch.objects.count()

        receipt = factories.record(final("estimate", supersedes="estimate"))

        assert [item.code for item in receipt.items] == ["supersedes_itself"]
        assert not Correction.objects.exists()
        assert (EventKey.objects.count(), UsageBatch.objects.count()) == before

    def test_is_recorded_once_however_often_the_final_event_is_sent(self) -> None:
        factories.record(provisional())
        factories.record(final())

        receipt = factories.record(final())

        assert receipt.count("duplicate") == 1
        assert Correction.objects.count() == 1

    def test_keeps_the_estimate_until_the_final_figure_is_in_the_books(self) -> None:
        factories.record(provisional(), final(deployment="unpublished"))
        work()

        assert tokens() == 1_000
        assert Correction.objects.get().lack == "final_not_entered"
        assert audit.run(EVERY_AUDIT) == []

        correct(amend("figure", deployment="qwen"))
        work()

        assert tokens() == 940
        assert audit.run(EVERY_AUDIT) == []

    def test_is_refused_where_the_final_event_is_voided_before_it_is_entered(self) -> None:
        factories.record(provisional(), final(deployment="unpublished"))
        work()

        correct(void("figure"))
        work()

        assert tokens() == 1_000
        assert Correction.objects.get(act="supersede").outcome == (
            "event 'figure' was voided before it was entered"
        )
        assert audit.run(EVERY_AUDIT) == []

    def test_takes_away_an_estimate_that_was_set_aside(self) -> None:
        factories.record(provisional(deployment="unpublished"), final())
        work()

        assert not SetAside.objects.exists()
        assert tokens() == 940
        assert audit.run(EVERY_AUDIT) == []

    def test_takes_back_an_estimate_as_it_was_amended(self) -> None:
        factories.record(provisional())
        work()
        correct(amend("estimate", usage={"input": 1_100}))

        factories.record(final())
        work()

        assert tokens() == 940
        assert audit.run(EVERY_AUDIT) == []

    def test_goes_from_one_figure_to_the_next(self) -> None:
        factories.record(provisional())
        factories.record(final())
        factories.record(final("figure-2", supersedes="figure"))
        work()

        assert tokens() == 940
        assert UsageEntry.objects.filter(kind="reversal").count() == 2
        assert audit.run(EVERY_AUDIT) == []

    @pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one batch"])
    def test_happens_once_and_a_second_figure_is_set_aside(self, at_once: bool) -> None:
        factories.record(provisional())
        second = final("figure-2")
        if at_once:
            factories.record(final(), second)
        else:
            factories.record(final())
            factories.record(second)
        work()

        assert tokens() == 940
        assert outcome(2)[0] == "refused"
        assert "superseded by figure" in outcome(2)[1]
        aside = SetAside.objects.get()
        assert (aside.event_id, aside.reason) == ("figure-2", "cannot_supersede")
        assert aside.detail == outcome(2)[1]
        assert rate.retry_set_aside(now=NOW + timedelta(days=99)) is None
        assert audit.run(EVERY_AUDIT) == []

    def test_does_not_bring_back_an_estimate_that_was_voided(self) -> None:
        factories.record(provisional())
        work()
        correct(void("estimate"))

        factories.record(final())
        work()

        assert tokens() == 0
        assert outcome(2)[0] == "refused"
        assert "posted by mistake" in outcome(2)[1]
        assert SetAside.objects.get().reason == "cannot_supersede"
        assert audit.run(EVERY_AUDIT) == []

    def test_that_is_refused_leaves_it_to_people_what_becomes_of_the_figure(self) -> None:
        factories.record(provisional(), final(), final("figure-2"), final("figure-3"))
        work()

        correct(void("figure-2"), amend("figure-3", usage={"input": 5}))

        assert not SetAside.objects.exists()
        assert tokens() == 945
        assert audit.run(EVERY_AUDIT) == []

    def test_waits_for_a_figure_whose_counts_contradict_each_other(self) -> None:
        factories.record(provisional())
        post(replace(contradicting(), supersedes="estimate"))
        work()

        assert tokens() == 1_000
        correct(amend("odd", usage=FIGURE))
        work()

        assert tokens() == 940
        assert audit.run(EVERY_AUDIT) == []

    def test_is_told_apart_by_the_hash_where_payloads_were_dropped(self) -> None:
        factories.record(provisional(), final())
        work()
        UsageBatch.objects.update(payload=None)

        assert audit.run(EVERY_AUDIT) == []

    def test_refuses_what_people_ask_of_the_estimate_afterwards(self) -> None:
        factories.record(provisional(), final())

        (refused,) = ask(void("estimate"))

        assert refused.refusal is not None
        assert refused.refusal.problem == "event-no-longer-stands"
        assert Correction.objects.count() == 1
