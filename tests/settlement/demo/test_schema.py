import pytest
from django.db import connection

from ledger.parties.models import Party
from settlement.demo.schema import MARK, DemoRefused, require_demo_or_empty
from tests import callers


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db
class TestRequireDemoOrEmpty:
    def test_lets_a_database_pass_that_nobody_has_used(self) -> None:
        require_demo_or_empty()

    def test_refuses_a_database_with_parties_in_it(self) -> None:
        callers.party("acme")

        with pytest.raises(DemoRefused, match="data that no demo made"):
            require_demo_or_empty()

        assert Party.objects.count() == 1

    def test_refuses_a_database_with_users_in_it(self) -> None:
        callers.user("operator")

        with pytest.raises(DemoRefused, match="DATABASE_URL"):
            require_demo_or_empty()

    def test_refuses_a_database_with_the_tables_of_others(self) -> None:
        execute("CREATE TABLE customers (name text)")

        with pytest.raises(DemoRefused, match="data that no demo made"):
            require_demo_or_empty()

    def test_lets_a_database_pass_that_a_demo_has_marked(self) -> None:
        execute(f"COMMENT ON SCHEMA public IS '{MARK}'")
        callers.party("acme")

        require_demo_or_empty()
