"""What is asked to be corrected: taken down once, numbered event by event, and never edited."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from ledger.parties.models import Party
from ledger.usage import correction_log, corrections
from ledger.usage.correction_log import EventCorrectedMeanwhile, Requester
from ledger.usage.models import Correction
from tests import factories
from tests.correcting import amend, ask, void
from tests.factories import NOW

pytestmark = pytest.mark.django_db

OTHER_SOURCE = "urn:gateway:west-2"


@pytest.fixture(autouse=True)
def _events() -> None:
    factories.publish()
    factories.record(*(factories.event(f"evt-{number}") for number in range(5)))


def problems(*asked: corrections.Asked) -> list[str | None]:
    """Return the problem of each correction that is refused."""
    refusals = [outcome.refusal for outcome in ask(*asked)]
    return [None if refusal is None else refusal.problem for refusal in refusals]


class TestRecord:
    def test_takes_down_what_is_asked_and_who_asks(self) -> None:
        (outcome,) = ask(
            amend(
                "evt-1",
                usage={"input": 1},
                consumer="globex",
                project="",
                status="partial",
                attributes={"a": 1.5},
            )
        )

        correction = Correction.objects.get()
        assert (outcome.correction_id, outcome.is_new) == (correction.id, True)
        assert (correction.act, correction.number, correction.state) == ("amend", 1, "waiting")
        assert (correction.source, correction.event_id) == (factories.SOURCE, "evt-1")
        assert correction.reason == "counted wrongly"
        assert correction.counts == [1, 0, 0, 0, 0, 0, 0, 0, 0]
        assert (correction.consumer, correction.project) == ("globex", "")
        assert (correction.deployment, correction.status) == (None, "partial")
        assert correction.attributes == {"a": 1.5}
        assert correction.requested_by_user is not None
        assert correction.requested_by_user.get_username() == "corrector"
        assert correction.recorded_at == NOW

    def test_answers_a_repetition_with_what_it_took_down_before(self) -> None:
        (first,) = ask(void("evt-1"))

        (again,) = ask(void("evt-1"))

        assert again == replace(first, is_new=False)
        assert Correction.objects.count() == 1

    def test_numbers_different_corrections_of_an_event(self) -> None:
        ask(amend("evt-1", project="a"))
        ask(amend("evt-1", project="b"))
        ask(amend("evt-1", project="a"))

        numbers = Correction.objects.order_by("id").values_list("number", "project")
        assert list(numbers) == [(1, "a"), (2, "b"), (3, "a")]

    def test_lets_good_ones_through_and_names_the_others(self) -> None:
        found = problems(
            void("evt-1"),
            void("nothing"),
            replace(void("evt-2"), source=OTHER_SOURCE),
            void("evt-3"),
            amend("evt-3", project="a"),
        )

        assert found == [None, "no-such-event", "no-such-event", None, "event-named-twice"]
        assert Correction.objects.count() == 2

    def test_takes_the_same_for_one_within_a_request(self) -> None:
        one, other = ask(void("evt-1"), void("evt-1"))

        assert (other.correction_id, other.is_new) == (one.correction_id, False)
        assert Correction.objects.count() == 1

    def test_takes_nothing_more_of_an_event_that_was_voided(self) -> None:
        ask(void("evt-1"))

        assert problems(void("evt-1", reason="again"), amend("evt-1", project="a")) == [
            "event-no-longer-stands",
            "event-no-longer-stands",
        ]
        assert Correction.objects.count() == 1

    def test_knows_the_source_of_a_provider_with_only_one(self) -> None:
        assert problems(replace(void("evt-1"), source=None)) == [None]

    def test_asks_for_the_source_where_there_are_several(self) -> None:
        factories.record(factories.event("evt-1", source=OTHER_SOURCE))

        assert problems(replace(void("evt-1"), source=None)) == ["source-not-named"]
        assert not Correction.objects.exists()

    def test_knows_nothing_of_another_provider_s_events(self) -> None:
        stranger = Party.objects.create(code="stranger", name="S", kind="provider", created_at=NOW)

        (outcome,) = corrections.record(
            provider_id=stranger.pk, asked=[void("evt-1")], by=Requester(), now=NOW
        )

        assert outcome.refusal is not None
        assert outcome.refusal.problem == "no-such-event"

    def test_takes_as_many_queries_for_many_as_for_one(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        factories.record(*(factories.event(f"many-{number}") for number in range(200)))
        ask(void("evt-1"))

        with django_assert_num_queries(7):
            ask(void("evt-2"))
        with django_assert_num_queries(7):
            ask(*(void(f"many-{number}") for number in range(200)))

    def test_gives_up_when_others_are_always_faster(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(correction_log, "PAST", correction_log.PAST + " LIMIT 0")
        ask(amend("evt-1", project="a"))

        with pytest.raises(EventCorrectedMeanwhile):
            ask(void("evt-1"))

        assert Correction.objects.count() == 1


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("constraint", "change"),
        [
            ("reason_given", {"reason": ""}),
            ("number_positive", {"number": 0}),
            ("act_known", {"act": "forget"}),
            ("amendment_stated", {"act": "amend"}),
            ("amendment_stated", {"project": "a"}),
            ("said_of_counts", {"said": {"a": 1}}),
            ("final_named", {"final_event_id": "final"}),
            ("requested_by_one", {"requested_by_user_id": None}),
            ("state_known", {"state": "lost", "decided_at": NOW}),
            ("decided_once", {"decided_at": NOW}),
            ("refused_with_outcome", {"outcome": "no"}),
            ("entries_of_applied", {"reversal_entry_id": 1}),
        ],
    )
    def test_holds_what_a_correction_may_be(self, constraint: str, change: dict[str, Any]) -> None:
        ask(void("evt-1"))
        one = Correction.objects.values().get()

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Correction.objects.create(**{**one, "id": None, "number": 2, **change})

    def test_numbers_an_event_once(self) -> None:
        ask(void("evt-1"))
        one = Correction.objects.values().get()

        with pytest.raises(IntegrityError, match="event_number_uniq"), transaction.atomic():
            Correction.objects.create(**{**one, "id": None})

    def test_wants_nine_counts_of_which_none_is_negative(self) -> None:
        ask(amend("evt-1", usage={"input": 1}))
        one = {**Correction.objects.values().get(), "id": None, "number": 2}

        for counts in ([1] * 8, [0] * 8 + [-1]):
            with pytest.raises(IntegrityError, match="counts_complete"), transaction.atomic():
                Correction.objects.create(**{**one, "counts": counts})
