"""What the table of names takes, and what both it and the database refuse."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.constraints import AppendOnly, VersionNotOnQuarterHour, refusal
from ledger.parties.models import Deployment, Party
from ledger.pricing.catalogue import DocumentInvalid
from ledger.pricing.models import Publication
from ledger.pricing.source_names import SourceName
from tests import factories
from tests.factories import OCCURRED_AT
from tests.naming import catalogue, consumer, publish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish(catalogue())


class TestTheTable:
    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"consumer": "nobody"}, "#/source_names/0/consumer"),
            ({"consumer": "eastcloud"}, "#/source_names/0/consumer"),
            ({"provider": "acme"}, "#/source_names/0/provider"),
            ({"consumer": None}, "#/source_names/0"),
            ({"deployment": "qwen"}, "#/source_names/0"),
            ({"kind": "model"}, "#/source_names/0"),
            (
                {"kind": "deployment", "consumer": None, "deployment": "x"},
                "#/source_names/0/deploy",
            ),
            ({"withdrawn": True}, "#/source_names/0"),
            ({"name": "n" * 513}, "#/source_names/0"),
            ({"name": "\x00"}, "#/source_names/0"),
            ({"name": "\ud800"}, "#/source_names/0"),
            ({"project": "p" * 513}, "#/source_names/0"),
            ({"source": "s" * 2_600}, "#/source_names/0"),
            ({"valid_from": "2026-10-05T02:31:00Z"}, "#/source_names/0/valid_from"),
        ],
    )
    def test_takes_no_mapping_that_leads_nowhere(
        self, change: dict[str, Any], pointer: str
    ) -> None:
        before = Publication.objects.count()

        with pytest.raises(DocumentInvalid) as refused:
            publish(consumer("sk-1", "acme") | change)

        assert refused.value.errors[0].pointer.startswith(pointer)
        assert Publication.objects.count() == before
        assert not SourceName.objects.exists()

    def test_passes_over_an_equal_row(self) -> None:
        publish(consumer("sk-1", "acme"))
        publish(consumer("sk-1", "acme"))

        assert SourceName.objects.count() == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_source_name SET name = 'sk-2'",
            "DELETE FROM ledger_source_name",
            "TRUNCATE ledger_source_name",
        ],
    )
    def test_only_grows(self, statement: str) -> None:
        publish(consumer("sk-1", "acme"))
        connection.check_constraints()

        with pytest.raises(DatabaseError) as error, transaction.atomic():
            connection.cursor().execute(statement)

        assert isinstance(refusal(error.value), AppendOnly)
        assert SourceName.objects.get().name == "sk-1"

    @pytest.mark.parametrize(
        ("values", "constraint"),
        [
            ({"valid_from": datetime(2026, 10, 5, 2, 31, tzinfo=UTC)}, "valid_from_quarter_hour"),
            ({"kind": "model"}, "kind_known"),
            ({"consumer": None}, "one_target"),
            ({"withdrawn": True}, "one_target"),
            ({"kind": "deployment"}, "one_target"),
            ({"name": "n" * 513}, "length"),
        ],
    )
    def test_keeps_its_rules_in_the_database_too(
        self, values: dict[str, Any], constraint: str
    ) -> None:
        row = {
            "provider": Party.objects.get(code="westcloud"),
            "consumer": Party.objects.get(code="acme"),
            "kind": "consumer",
            "name": "sk-1",
            "valid_from": OCCURRED_AT,
            "revision": 1,
            "publication": Publication.objects.get(),
        }

        with pytest.raises(DatabaseError) as error, transaction.atomic():
            SourceName.objects.create(**(row | values))

        refused = refusal(error.value)
        assert refused is not None
        assert refused.constraint.endswith(constraint)  # type: ignore[attr-defined]
        if constraint == "valid_from_quarter_hour":
            assert isinstance(refused, VersionNotOnQuarterHour)

    def test_leads_to_no_deployment_of_another_provider(self) -> None:
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            SourceName.objects.create(
                provider=Party.objects.get(code="eastcloud"),
                deployment=Deployment.objects.get(code="llama"),
                kind="deployment",
                name="gpt-4o",
                valid_from=OCCURRED_AT,
                revision=1,
                publication=Publication.objects.get(),
            )

        assert "ledger_source_name_deployment_own" in str(error.value)
