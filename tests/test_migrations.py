"""Migrations: there and back again, and nothing is left over or missing."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
APPS = ("ledger", "settlement")

SCHEMA: Final = """
    SELECT 'column', format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable,
                            column_default)
    FROM information_schema.columns
    WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint', format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function', pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'sequence', sequencename FROM pg_sequences WHERE schemaname = 'public'
    UNION ALL
    SELECT 'type', typname FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
"""


@pytest.fixture
def scratch(database_url: str) -> Iterator[str]:
    """Return the URL of an empty database beside that of the tests."""
    name = f"clearwatt_migrations_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"{database_url.rpartition('/')[0]}/{name}"
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def migrate(url: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
    )


def schema(url: str) -> set[tuple[str, str]]:
    with psycopg.connect(url) as database:
        return {(kind, definition) for kind, definition in database.execute(SCHEMA)}


def ours(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {one for one in found if any(f"{app}_" in one[1] for app in APPS)}


class TestMigrations:
    def test_lead_to_the_same_tables_after_going_back_to_none(self, scratch: str) -> None:
        migrate(scratch)
        first = schema(scratch)

        migrate(scratch, "settlement", "zero")
        without_settlement = ours(schema(scratch))
        migrate(scratch, "ledger", "zero")
        without_any = ours(schema(scratch))
        migrate(scratch)

        assert schema(scratch) == first
        assert len(ours(first)) > 500
        assert not any("settlement_" in definition for _, definition in without_settlement)
        assert without_any == set()

    @pytest.mark.django_db
    def test_say_all_that_the_models_say(self) -> None:
        call_command("makemigrations", "--check", "--dry-run", "--verbosity", "0")

    @pytest.mark.parametrize("app", APPS)
    def test_are_linear_and_end_where_max_migration_says(self, app: str) -> None:
        loader = MigrationLoader(None, ignore_no_migrations=True)
        (last,) = loader.graph.leaf_nodes(app)

        named = Path(apps.get_app_config(app).path, "migrations", "max_migration.txt").read_text()

        assert last == (app, named.strip())

    def test_keep_their_sql_beside_them_with_its_way_back(self) -> None:
        folders = [Path(apps.get_app_config(app).path, "migrations") for app in APPS]

        forward = {
            path.stem
            for folder in folders
            for path in folder.glob("*.sql")
            if not path.stem.endswith("_reverse")
        }
        backward = {
            path.stem.removesuffix("_reverse")
            for folder in folders
            for path in folder.glob("*_reverse.sql")
        }

        assert forward
        assert forward == backward
