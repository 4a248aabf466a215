"""What a source's words stand for: in which order they are looked up, since when, and for whom."""

from datetime import timedelta
from typing import Any

import pytest

from ledger import audit
from ledger.parties.models import Deployment, Party
from ledger.pricing.source_names import SourceName
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry, UsageRollup
from ledger.usage import intake
from ledger.usage.columns import Record
from ledger.usage.formats.decoding import Decoded
from tests import factories
from tests.factories import NOW, OCCURRED_AT
from tests.naming import catalogue, consumer, deployment, mapping, publish

pytestmark = pytest.mark.django_db

OTHER_SOURCE = "urn:gateway:west-2"
QUARTER = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish(catalogue())


def rated(*events: dict[str, Any]) -> UsageEntry:
    """Record and rate events; return the last one's entry."""
    factories.record(*events)
    rate.rate_pending(now=NOW)
    return UsageEntry.objects.get(event_id=events[-1]["id"])


def named(entry: UsageEntry) -> tuple[str, str, str]:
    """Return the codes of the consumer and the deployment, and the project."""
    return (
        Party.objects.get(id=entry.consumer_id).code,
        Deployment.objects.get(id=entry.deployment_id).code,
        entry.project,
    )


class TestNames:
    def test_lead_to_a_consumer_with_its_project_and_to_a_deployment(self) -> None:
        publish(consumer("sk-1", "acme", project="search"), deployment("gpt-4o", "qwen"))

        entry = rated(factories.event(consumer="sk-1", deployment="gpt-4o"))

        assert named(entry) == ("acme", "qwen", "search")
        assert entry.written == {"consumer": "sk-1", "deployment": "gpt-4o", "project": ""}
        assert UsageRollup.objects.get().project == "search"
        assert audit.run() == []

    def test_that_are_codes_stand_for_themselves_without_a_mapping(self) -> None:
        publish(consumer("sk-1", "acme"))

        entry = rated(factories.event())

        assert named(entry) == ("acme", "qwen", "")
        assert entry.written is None
        assert audit.run() == []

    def test_leave_the_project_to_an_event_that_names_one(self) -> None:
        publish(consumer("sk-1", "acme", project="search"))

        entry = rated(factories.event(consumer="sk-1", project="chat"))

        assert (entry.project, entry.written) == ("chat", {"consumer": "sk-1"})
        assert audit.run() == []

    def test_give_a_project_to_a_consumer_who_is_named_by_its_code(self) -> None:
        publish(consumer("acme", "acme", project="search"))

        entry = rated(factories.event())

        assert (entry.project, entry.written) == ("search", {"project": ""})
        assert audit.run() == []

    def test_stand_for_somebody_where_a_source_names_nobody(self) -> None:
        publish(consumer("", "acme", source=factories.SOURCE))
        nobodys = Record(
            0,
            factories.SOURCE,
            "evt-1",
            OCCURRED_AT,
            "",
            "",
            "qwen",
            (1,) * 6 + (0,) * 3,
            "complete",
        )
        intake.record(
            provider_id=Party.objects.get(code="westcloud").id,
            decoded=Decoded(records=[nobodys], refusals=[]),
            now=NOW,
        )

        rate.rate_pending(now=NOW)

        entry = UsageEntry.objects.get()
        assert (named(entry)[0], entry.written) == ("acme", {"consumer": ""})
        assert audit.run() == []

    def test_are_looked_up_for_their_source_first_then_for_every_source_then_as_codes(self) -> None:
        events = [
            factories.event("as-code", consumer="globex"),
            factories.event("every", consumer="globex"),
            factories.event("own", consumer="globex"),
            factories.event("other", consumer="globex", source=OTHER_SOURCE),
        ]
        found = [named(rated(events[0]))[0]]

        publish(consumer("globex", "acme"))
        found.append(named(rated(events[1]))[0])
        publish(consumer("globex", "globex", source=factories.SOURCE))
        found.append(named(rated(events[2]))[0])
        found.append(named(rated(events[3]))[0])

        assert found == ["globex", "acme", "globex", "acme"]

    def test_of_one_kind_say_nothing_of_the_other(self) -> None:
        publish(consumer("llama", "acme"))

        entry = rated(factories.event(deployment="llama", consumer="llama"))

        assert named(entry) == ("acme", "llama", "")

    def test_of_another_provider_say_nothing(self) -> None:
        publish(consumer("sk-1", "globex", provider="eastcloud"), consumer("sk-2", "acme"))

        factories.record(factories.event(consumer="sk-1"))
        rate.rate_pending(now=NOW)

        aside = SetAside.objects.get()
        assert (aside.reason, aside.missing) == ("unknown_consumer", "consumer:sk-1")
        assert aside.source is not None
        assert aside.source.uri == factories.SOURCE

    @pytest.mark.parametrize(
        ("mappings", "written", "meant"),
        [
            ([("gpt-4o", "qwen")], "gpt-4o@eastus", "qwen"),
            ([("gpt-4o", "qwen"), ("gpt-4o@eastus", "llama")], "gpt-4o@eastus", "llama"),
            ([("gpt-4o", "qwen")], "gpt-4o@westus", "gpt-4o@westus"),
            ([("claude@2", "llama"), ("claude", "qwen")], "claude@2@us-east5", "llama"),
            ([("claude", "qwen")], "claude@2", "qwen"),
        ],
        ids=[
            "the region is left out where the whole is unknown",
            "the whole comes first",
            "a code comes before the name without its region",
            "only the last part is left out",
            "a version is like a region",
        ],
    )
    def test_of_deployments_may_end_in_a_region(
        self, mappings: list[tuple[str, str]], written: str, meant: str
    ) -> None:
        publish(*(deployment(name, code) for name, code in mappings))

        entry = rated(factories.event(deployment=written))

        assert named(entry)[1] == meant
        assert audit.run() == []

    def test_without_their_region_are_no_codes(self) -> None:
        publish(consumer("sk-1", "acme"))

        factories.record(factories.event(deployment="qwen@eastus"))
        rate.rate_pending(now=NOW)

        assert SetAside.objects.get().missing == "deployment:westcloud/qwen@eastus"

    def test_of_many_events_cost_one_query_more(self, django_assert_max_num_queries: Any) -> None:
        publish(*(consumer(f"sk-{number}", "acme") for number in range(200)))
        rated(factories.event("first", consumer="sk-0"))
        factories.record(
            *(factories.event(f"evt-{n}", consumer=f"sk-{n % 200}") for n in range(2_000))
        )

        with django_assert_max_num_queries(21):
            rate.rate_pending(now=NOW)

        assert UsageEntry.objects.count() == 2_001

    def test_that_were_met_before_cost_no_query(self, django_assert_num_queries: Any) -> None:
        publish(consumer("sk-1", "acme"))
        rated(factories.event("first", consumer="sk-1"))
        book = rate.current_rates()

        with django_assert_num_queries(0):
            book.names.learn(list(book.names._known))


class TestTime:
    """A mapping holds from its first quarter hour until the next one begins."""

    def test_decides_by_when_the_event_occurred(self) -> None:
        publish(
            consumer("sk-1", "acme"),
            consumer("sk-1", "globex", valid_from=(OCCURRED_AT + QUARTER).isoformat()),
        )
        last = OCCURRED_AT + QUARTER - timedelta(microseconds=1)

        entries = [
            rated(factories.event("before", consumer="sk-1", occurred_at=last)),
            rated(factories.event("after", consumer="sk-1", occurred_at=OCCURRED_AT + QUARTER)),
        ]

        assert [named(entry)[0] for entry in entries] == ["acme", "globex"]
        assert audit.run() == []

    def test_before_the_first_mapping_a_name_is_unknown(self) -> None:
        publish(consumer("sk-1", "acme", valid_from=(OCCURRED_AT + QUARTER).isoformat()))

        factories.record(factories.event(consumer="sk-1"))
        rate.rate_pending(now=NOW)

        assert SetAside.objects.get().reason == "unknown_consumer"
        assert audit.run() == []

    def test_of_two_that_begin_together_the_later_published_holds(self) -> None:
        publish(consumer("sk-1", "acme"))
        publish(consumer("sk-1", "globex"))

        assert named(rated(factories.event(consumer="sk-1")))[0] == "globex"
        assert list(SourceName.objects.order_by("id").values_list("revision", flat=True)) == [1, 2]

    def test_after_a_withdrawal_the_wider_mapping_holds_again(self) -> None:
        publish(consumer("sk-1", "acme"), consumer("sk-1", "globex", source=factories.SOURCE))
        publish(
            mapping(
                kind="consumer",
                name="sk-1",
                source=factories.SOURCE,
                withdrawn=True,
                valid_from=(OCCURRED_AT + QUARTER).isoformat(),
            )
        )

        entries = [
            rated(factories.event("before", consumer="sk-1")),
            rated(factories.event("after", consumer="sk-1", occurred_at=OCCURRED_AT + QUARTER)),
        ]

        assert [named(entry)[0] for entry in entries] == ["globex", "acme"]
        assert audit.run() == []

    def test_what_is_booked_stays_as_it_was_booked(self) -> None:
        publish(consumer("sk-1", "acme"))
        rated(factories.event("booked", consumer="sk-1"))

        publish(consumer("sk-1", "globex"))

        assert named(UsageEntry.objects.get())[0] == "acme"
        assert named(rated(factories.event("later", consumer="sk-1")))[0] == "globex"
        assert audit.run() == []


class TestIdentity:
    def test_a_retry_after_an_edited_mapping_is_a_duplicate(self) -> None:
        publish(consumer("sk-1", "acme"))
        rated(factories.event(consumer="sk-1"))
        publish(consumer("sk-1", "globex"))

        receipt = factories.record(factories.event(consumer="sk-1"))

        assert (receipt.accepted, receipt.count("duplicate")) == (0, 1)
        assert UsageEntry.objects.count() == 1


class TestWaking:
    @pytest.mark.parametrize(
        ("event", "mapped"),
        [
            (factories.event(consumer="sk-1"), consumer("sk-1", "acme")),
            (
                factories.event(consumer="sk-1"),
                consumer("sk-1", "acme", source=factories.SOURCE),
            ),
            (factories.event(deployment="gpt-4o"), deployment("gpt-4o", "qwen")),
            (factories.event(deployment="gpt-4o@eastus"), deployment("gpt-4o@eastus", "qwen")),
            (factories.event(deployment="gpt-4o@eastus"), deployment("gpt-4o", "qwen")),
        ],
        ids=["consumer", "its source's", "deployment", "with region", "without region"],
    )
    def test_a_mapping_wakes_what_waits_for_its_name(
        self, event: dict[str, Any], mapped: dict[str, Any]
    ) -> None:
        factories.record(event)
        rate.rate_pending(now=NOW)
        assert rate.retry_set_aside(now=NOW) is None

        publish(mapped)

        assert rate.retry_set_aside(now=NOW) == rate.Rated(batches=1, entered=1, set_aside=0)
        assert not SetAside.objects.exists()
        assert named(UsageEntry.objects.get()) == ("acme", "qwen", "")
        assert audit.run() == []

    def test_another_name_wakes_nothing(self) -> None:
        factories.record(factories.event(deployment="gpt-4o@eastus"))
        rate.rate_pending(now=NOW)

        publish(deployment("gpt-4o@westeurope", "qwen"), deployment("gpt", "qwen"))

        assert rate.retry_set_aside(now=NOW) is None
