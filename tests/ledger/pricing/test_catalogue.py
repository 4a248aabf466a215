"""Publishing: whole documents, versions, revisions, and faults that say where and what."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.pricing import catalogue
from ledger.pricing.catalogue import DocumentInvalid
from ledger.pricing.models import Agreement, Publication, Site, SitePue
from tests import factories

pytestmark = pytest.mark.django_db


def faults(document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(DocumentInvalid) as refused:
        factories.publish(document)
    return [(fault.pointer, fault.detail) for fault in refused.value.errors]


class TestPublish:
    def test_adds_everything_in_one_publication(self) -> None:
        published = factories.publish()

        assert published.publication_id == Publication.objects.get().id
        assert published.added["site_pue"] == 1
        assert "deployment:westcloud/qwen" in Publication.objects.get().provides

    def test_passes_over_what_is_published_already(self) -> None:
        factories.publish()

        again = factories.publish()

        assert (again.publication_id, again.added) == (None, {})
        assert Publication.objects.count() == 1

    def test_gives_a_changed_version_the_next_revision_and_keeps_the_first(self) -> None:
        factories.publish()

        factories.publish({"site_pue": [factories.version(site="west", pue="1.3")]})

        assert list(SitePue.objects.order_by("revision").values_list("revision", "pue")) == [
            (1, Decimal("1.2")),
            (2, Decimal("1.3")),
        ]

    def test_takes_the_time_zone_of_the_books_where_an_agreement_names_none(
        self, settings: Any
    ) -> None:
        settings.BOOKS_TIME_ZONE = "Europe/Berlin"
        document = factories.catalogue()
        del document["agreements"][0]["time_zone"]

        factories.publish(document)

        assert Agreement.objects.get().time_zone == "Europe/Berlin"

    def test_refuses_to_change_a_thing(self) -> None:
        factories.publish()
        site = {**factories.catalogue()["sites"][0], "time_zone": "Europe/Berlin"}

        assert faults({"sites": [site]}) == [
            ("#/sites/0", "is published with other values; it cannot change")
        ]

    def test_names_every_fault_of_a_document_and_publishes_nothing(self) -> None:
        document = factories.catalogue()
        document["sites"].append({"code": "east", "name": "East", "grid_zone": "CN-BJ"})
        document["sites"].append(
            {"code": "x", "name": "X", "grid_zone": "Z", "time_zone": "Mars/Base", "moons": 2}
        )
        document["moons"] = []

        found = faults(document)

        assert [pointer for pointer, _ in found] == [
            "#/moons",
            "#/sites/1/time_zone",
            "#/sites/2/time_zone",
            "#/sites/2/moons",
        ]
        assert not Publication.objects.exists()
        assert not Site.objects.exists()

    @pytest.mark.parametrize(
        ("section", "change", "pointer"),
        [
            ("site_pue", {"pue": 1.2}, "#/site_pue/0/pue"),
            ("site_pue", {"pue": "NaN"}, "#/site_pue/0/pue"),
            ("site_pue", {"pue": "0.9"}, "#/site_pue/0"),
            ("site_pue", {"pue": "1.0000000000001"}, "#/site_pue/0/pue"),
            ("gpu_hours", {"price": "1e20"}, "#/gpu_hours/0/price"),
            ("sites", {"code": "west:1"}, "#/sites/0"),
            (
                "rate_card_versions",
                {"terms": {"kind": "list", "per_million_tokens": {"video_input": "2"}}},
                "#/rate_card_versions/0",
            ),
            ("deployment_terms", {"utilisation": "0"}, "#/deployment_terms/0"),
            ("deployment_terms", {"gpu_count": 0}, "#/deployment_terms/0"),
            ("deployment_terms", {"gpu_count": "8"}, "#/deployment_terms/0/gpu_count"),
            ("agreement_versions", {"fee_rate": "1.5"}, "#/agreement_versions/0"),
            ("site_pue", {"site": "nowhere"}, "#/site_pue/0/site"),
            ("site_pue", {"valid_from": "2026-01-01"}, "#/site_pue/0/valid_from"),
            ("gpu_hours", {"currency": "XXX"}, "#/gpu_hours/0/currency"),
            ("agreements", {"consumer": "westcloud"}, "#/agreements/0/consumer"),
            ("agreements", {"provider": "acme"}, "#/agreements/0/provider"),
            ("tariff_versions", {"terms": {}}, "#/tariff_versions/0"),
            ("rate_card_versions", {"terms": {"kind": "gift"}}, "#/rate_card_versions/0"),
        ],
    )
    def test_points_at_what_is_wrong(
        self, section: str, change: dict[str, Any], pointer: str
    ) -> None:
        document = factories.catalogue()
        document[section][0] |= change

        assert faults(document)[0][0] == pointer
        assert not Publication.objects.exists()

    @pytest.mark.parametrize(
        "days",
        [
            {"2027-1-1": "public_holiday"},
            {"2026-01-01": "public_holiday"},
            {"2027-01-01": "holiday"},
            {date(2027, 1, 1): "public_holiday"},
            ["2027-01-01"],
        ],
    )
    def test_refuses_holidays_that_no_price_could_be_made_from(self, days: Any) -> None:
        document = factories.catalogue()
        document["holiday_calendars"] = [
            {"calendar": "CN", "year": 2027, "days": days, "provenance": "test"}
        ]

        assert faults(document)[0][0] == "#/holiday_calendars/0"

    def test_refuses_a_version_that_starts_between_two_slots(self) -> None:
        document = factories.catalogue()
        document["site_pue"][0]["valid_from"] = "2026-01-01T00:10:00Z"

        assert faults(document) == [
            ("#/site_pue/0/valid_from", "2026-01-01T00:10:00Z is not on a quarter hour")
        ]


class TestReadDocument:
    def test_reads_the_shipped_catalogue_and_publishes_it(self) -> None:
        path = Path(catalogue.__file__).parents[1] / "fixtures" / "catalogue.yaml"

        published = factories.publish(catalogue.read_document(path))

        assert published.added["sites"] >= 8
