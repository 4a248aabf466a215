"""The operators' site as a whole: who gets in, what opens, and that nothing can be changed."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger.admin.pages import ReadOnlyAdmin
from ledger.books.models import Account, JournalEntry
from ledger.parties.models import Party
from ledger.pricing.models import AgreementVersion, CarbonFactor, TariffVersion
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from ledger.usage.models import UsageBatch
from tests import factories, operators

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

OURS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in {"ledger", "settlement"}),
    key=lambda model: model._meta.label,
)
READ_ONLY = [model for model in OURS if isinstance(admin.site._registry[model], ReadOnlyAdmin)]
# Composite keys have no page in Django's admin; the register is a hash, of use to programs only.
# Positions and the like are shown on the page of their settlement, postings on that of their entry.
NOT_LISTED = {
    *("Balance", "SetAside", "UsageRollup", "EventKey", "Posting", "Coverage", "Manifest"),
    *("ArchivedUsage", "ArchivedBatch", "RestoredMonth", "RequestAllowance", "SignedRequest"),
    *("EnergyVariance", "EnergyShare", "CertificateStock", "CertificateRun"),
    *("CertificateCancellation", "CertificateMatch"),
    *("Position", "StatementLine", "Netting", "Approval", "SettledEntry"),
    *("TrueUp", "ReratingClaim", "ReratingEntry"),
}
# Session, user, permissions, and what the page itself is made of.
QUERIES_OF_A_LIST = 8
QUERIES_OF_A_PAGE = 12
VIEWS = (
    *("admin:index", "admin:ledger_usage_totals", "admin:ledger_set_aside"),
    *("admin:ledger_unmapped", "admin:ledger_coverage", "admin:ledger_energy"),
    *("admin:ledger_quote", "admin:ledger_what_if", "admin:ledger_token_economy"),
    "admin:ledger_market_coverage",
)
FORMS = (
    "/admin/ledger/apikey/issue/",
    "/admin/ledger/sourcename/map/",
    "/admin/ledger/correction/correct/",
)


def lists(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page(model: type[models.Model], key: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])


def first_key(model: type[models.Model]) -> object:
    """Return the key of a row as addresses have it; of a table without rows, that of none."""
    row = model._default_manager.order_by("pk").first()
    if isinstance(row, UsageEntry):
        return public_id(occurred_at=row.occurred_at, id_=row.pk)
    return row.pk if row else 1


def queries(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code in {200, 302}, address
    return [query["sql"] for query in captured.captured_queries]


def counts(sql: str, model: type[models.Model]) -> bool:
    """Whether a query counts all rows of the table."""
    return "COUNT(*)" in sql.upper() and f'FROM "{model._meta.db_table}"' in sql


def statuses(client: Client, *addresses: str) -> dict[str, int]:
    return {address: client.get(address).status_code for address in addresses}


class TestLists:
    def test_there_is_one_of_every_table_that_has_no_other_place(self) -> None:
        tables = {
            model.__name__
            for app in ("ledger", "settlement")
            for model in apps.get_app_config(app).get_models()
        }

        assert tables - {model.__name__ for model in OURS} == NOT_LISTED

    def test_open_with_few_queries_and_never_count_their_table(self) -> None:
        client = operators.operator()

        for model in OURS:
            sent = queries(client, lists(model))

            assert len(sent) <= QUERIES_OF_A_LIST, model
            assert [sql for sql in sent if counts(sql, model)] == []

    def test_are_searched_for_words_numbers_and_nonsense(self) -> None:
        client = operators.operator()
        searched = [model for model in OURS if admin.site._registry[model].search_fields]

        for model in searched:
            for term in ("westcloud", "202610-1", "9" * 30, "%'\"\\"):
                assert client.get(lists(model), {"q": term}).status_code == 200, model

    def test_take_as_many_queries_for_many_rows_as_for_few(self) -> None:
        client = operators.operator()
        few = len(queries(client, lists(UsageBatch)))
        for number in range(5):
            factories.record(factories.event(f"more-{number}"))

        assert len(queries(client, lists(UsageBatch))) == few

    def test_of_versions_take_as_many_queries_for_many_as_for_few(self) -> None:
        client = operators.operator()
        few = len(queries(client, lists(CarbonFactor)))
        factories.publish(
            {
                "carbon_factors": [
                    factories.version(
                        zone=f"CN-{number}", method="location", basis="co2", grams_per_kwh="500"
                    )
                    for number in range(5)
                ]
            }
        )

        assert len(queries(client, lists(CarbonFactor))) == few


class TestPages:
    def test_open_with_few_queries(self) -> None:
        client = operators.operator()
        addresses = [*map(reverse, VIEWS), *(page(model, first_key(model)) for model in READ_ONLY)]

        numbers = {address: len(queries(client, address)) for address in addresses}

        assert {name: n for name, n in numbers.items() if n > QUERIES_OF_A_PAGE} == {}

    def test_that_do_not_exist_lead_back_with_a_word(self) -> None:
        client = operators.operator()

        for model in READ_ONLY:
            answer = client.get(page(model, 987_654_321), follow=True)

            assert answer.status_code == 200
            assert "987654321" in operators.text(answer)

    def test_bring_nothing_from_outside(self) -> None:
        client = operators.operator()
        outside = re.compile(r'(?:src|href|action)="(?:https?:)?//[^"]*"|url\(["\']?(?:https?:)?//')
        styles: set[str] = set()

        for address in [*map(reverse, VIEWS), *map(lists, OURS), *FORMS]:
            body = client.get(address).content.decode()
            assert outside.findall(body) == []
            styles |= set(re.findall(r'href="/static/([^"]+\.css)"', body))

        assert "ledger/admin.css" in styles
        for style in styles:
            assert outside.findall(Path(str(finders.find(style))).read_text()) == []


class TestStrangers:
    def test_are_sent_to_the_login(self) -> None:
        for model in OURS:
            for address in (lists(model), page(model, 1)):
                answer = Client().get(address)

                assert answer.status_code == 302
                assert answer["Location"].startswith("/admin/login/")

    def test_see_no_page_of_our_own(self) -> None:
        found = statuses(Client(), *map(reverse, VIEWS), *FORMS)

        assert set(found.values()) == {302}

    def test_who_are_staff_see_what_they_may_view_only(self) -> None:
        client = operators.signed_in(operators.person("new"))
        addresses = [*map(lists, OURS), *(page(model, 1) for model in OURS)]
        addresses += [*map(reverse, VIEWS[1:]), *FORMS]

        found = statuses(client, *addresses)

        assert {address: status for address, status in found.items() if status != 403} == {}

    def test_who_may_view_one_table_see_that_one(self) -> None:
        client = operators.signed_in(operators.person("reader", "ledger.view_account"))

        assert client.get(lists(Account)).status_code == 200
        assert client.get(lists(JournalEntry)).status_code == 403


class TestChanges:
    def test_are_refused_even_to_a_superuser(self) -> None:
        client = operators.operator()

        for model in READ_ONLY:
            key = first_key(model)
            before = list(model._default_manager.order_by("pk").values())
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"

            answers = [
                client.get(reverse(f"{name}_add")),
                client.post(reverse(f"{name}_add"), {"code": "forged"}),
                client.post(page(model, key), {"code": "forged", "amount": "1"}),
                client.post(reverse(f"{name}_delete", args=[key]), {"post": "yes"}),
            ]

            assert {answer.status_code for answer in answers} == {403}, model
            assert list(model._default_manager.order_by("pk").values()) == before

    def test_are_not_offered_in_bulk(self) -> None:
        client = operators.operator()

        for model in READ_ONLY:
            keys = list(model._default_manager.values_list("pk", flat=True)[:3])
            before = model._default_manager.count()

            client.post(lists(model), {"action": "delete_selected", "_selected_action": keys})

            assert model._default_manager.count() == before
            assert b'name="action"' not in client.get(lists(model)).content


class TestCatalogue:
    def test_shows_where_a_version_comes_from_and_how_far_it_can_be_trusted(self) -> None:
        version = TariffVersion.objects.get()

        said = operators.text(operators.operator().get(page(TariffVersion, version.pk)))

        assert "round numbers for tests" in said
        assert "I illustrative" in said
        assert '"flat": "0.36"' in said

    def test_shows_decimals_without_idle_zeros(self) -> None:
        said = operators.text(operators.operator().get(lists(AgreementVersion)))

        assert " 0.02 " in said
        assert "0.020000" not in said


class TestRates:
    def test_show_what_a_token_takes_and_costs_by_class(self) -> None:
        said = operators.text(operators.operator().get(page(SlotRate, SlotRate.objects.get().pk)))

        # input, cache read, two writes, output and reasoning; no rate for sound and images.
        assert (
            "compute, pico-CNY 2,000,000 200,000 2,000,000 2,000,000 6,000,000 6,000,000 – – –"
            in said
        )
        assert "energy, µJ 1,200,000 120,000 1,200,000 1,200,000 3,600,000 3,600,000 – – –" in said

    def test_show_what_a_token_is_charged_by_class(self) -> None:
        said = operators.text(operators.operator().get(page(PriceRate, PriceRate.objects.get().pk)))

        # 3,120,666.67 and ten per cent more; a cached token a tenth, a decoded one three times.
        assert (
            "price, pico-CNY 3,432,733 343,273 3,432,733 3,432,733 10,298,200 10,298,200 – – –"
            in said
        )


class TestParties:
    def test_show_their_accounts_with_balances(self) -> None:
        party = Party.objects.get(code="acme")

        said = operators.text(operators.operator().get(page(Party, party.pk)))

        assert "consumer:acme:tokens:TOK 5,000 tokens" in said
        assert "consumer:acme:receivable:CNY" in said
        assert "westcloud-acme" in said
