"""The service tier of an event, from what its source wrote to the usage entry."""

import pyarrow as pa
import pytest

from ledger import audit
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.columns import SCHEMA, from_arrow
from ledger.usage.models import UsageBatch
from tests import correcting, factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


class TestTier:
    @pytest.mark.parametrize("stated", ["standard", "default", "auto", "", "  Default "])
    def test_is_the_standard_one_whatever_a_provider_calls_it(self, stated: str) -> None:
        factories.record(
            factories.event("a", attributes={"service_tier": stated}), factories.event("b")
        )

        rate.rate_pending(now=NOW)

        assert list(UsageEntry.objects.values_list("service_tier", flat=True)) == ["standard"] * 2
        assert len(set(UsageEntry.objects.values_list("price_rate_id", flat=True))) == 1

    def test_that_the_rate_card_does_not_know_has_no_price(self) -> None:
        factories.record(factories.event("a", service_tier="batch"), factories.event("b"))

        rated = rate.rate_pending(now=NOW)

        assert rated == rate.Rated(batches=1, entered=1, set_aside=1)
        aside = SetAside.objects.get()
        assert (aside.event_id, aside.reason, aside.missing, aside.detail) == (
            "a",
            "no_service_tier",
            "rate_card:westcloud/standard",
            "batch",
        )

    def test_is_read_from_the_attributes_of_a_batch_that_was_stored_without_it(self) -> None:
        factories.record(
            factories.event("a", attributes={"service_tier": "flex"}), factories.event("b")
        )
        batch = UsageBatch.objects.get()
        columns = from_arrow(bytes(batch.payload or b"")).drop_columns(["service_tier"])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, columns.schema) as writer:
            writer.write_table(columns)

        table = from_arrow(sink.getvalue().to_pybytes())

        assert table.schema.names == SCHEMA.names
        assert table["service_tier"].to_pylist() == ["flex", None]

    def test_goes_along_with_a_correction(self) -> None:
        factories.record(factories.event("evt-1"))
        rate.rate_pending(now=NOW)
        correcting.ask(correcting.amend("evt-1", attributes={"service_tier": "auto"}))

        correcting.apply()

        assert list(UsageEntry.objects.order_by("id").values_list("kind", "service_tier")) == [
            ("usage", "standard"),
            ("reversal", "standard"),
            ("rerate", "standard"),
        ]
        assert audit.run() == []
