from pathlib import Path

import pytest
from django.conf import settings

from ledger.pricing import catalogue
from ledger.pricing.models import Agreement
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from settlement.demo.batches import CONTENT_TYPE
from settlement.demo.flows import FLOWS, LATE
from settlement.demo.plan import LATE_DOCUMENT, PARTIES, plan
from tests import factories
from tests.factories import NOW

CATALOGUE = Path(settings.BASE_DIR) / "ledger/fixtures/catalogue.yaml"


def publish(*paths: Path) -> list[dict[str, int]]:
    return [
        catalogue.publish(catalogue.read_document(path), now=NOW, published_by="tests").added
        for path in paths
    ]


@pytest.mark.django_db
class TestParties:
    def test_are_published_over_the_catalogue_once(self) -> None:
        first = publish(CATALOGUE, PARTIES)
        again = publish(PARTIES)

        assert first[1]["parties"] == 10
        assert first[1]["deployments"] == 7
        assert first[1]["agreements"] == 10
        assert again == [{}]

    def test_have_an_agreement_for_every_flow(self) -> None:
        publish(CATALOGUE, PARTIES)

        agreed = set(Agreement.objects.values_list("provider__code", "consumer__code"))

        assert {(flow.provider, flow.consumer) for flow in (*FLOWS, LATE)} == agreed

    def test_serve_each_other_so_that_there_is_something_to_set_off(self) -> None:
        pairs = {(flow.provider, flow.consumer) for flow in FLOWS}

        assert {("jadeport", "cloudridge"), ("cloudridge", "jadeport")} <= pairs

    def test_have_a_price_for_everything_but_what_is_published_late(self) -> None:
        publish(CATALOGUE, PARTIES)
        month = plan(events=400, month="2026-09", trace_file=None, now=NOW)

        for one in (*month.batches, month.odd):
            factories.post(one.body, content_type=CONTENT_TYPE, provider=one.provider, now=NOW)
        while rate.rate_pending(now=NOW) is not None:
            pass

        assert list(SetAside.objects.values_list("reason", "missing")) == [
            ("unknown_deployment", "deployment:cloudridge/ga-qwen3-32b")
        ]
        publish(LATE_DOCUMENT)
        rate.retry_set_aside(now=NOW)
        assert SetAside.objects.count() == 0
        assert UsageEntry.objects.count() == 400
