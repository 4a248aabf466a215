"""What keeps the code readable is held here by a test, so that nobody has to remember it."""

import ast
import importlib
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.db import connection

from config.problems import PROBLEMS
from ledger.constraints import REFUSALS
from ledger.errors import LedgerError

ROOT = Path(__file__).resolve().parents[1]
MODULE_LINES = 400
FUNCTION_LINES = 60
ARGUMENTS = 6
# Words that say what kind of code a module holds, and not what it is about.
EMPTY_NAMES = {
    "base_classes",
    "common",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "selectors",
    "services",
    "signals",
    "util",
    "utils",
}


def sources() -> list[Path]:
    """Return our own Python files, the generated migrations excepted."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],  # noqa: S607 - found on PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines() if "/migrations/" not in line]
    return [path for path in paths if path.exists()]


SOURCES = sources()
PROGRAM = [path for path in SOURCES if path.relative_to(ROOT).parts[0] != "tests"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


class TestModules:
    def test_have_at_most_400_lines(self) -> None:
        lengths = {name_of(path): len(path.read_text().splitlines()) for path in SOURCES}

        assert {name: n for name, n in lengths.items() if n > MODULE_LINES} == {}

    def test_are_named_after_what_they_are_about(self) -> None:
        named = {name_of(path): {path.stem, path.parent.name} for path in SOURCES}

        assert [name for name, words in named.items() if words & EMPTY_NAMES] == []

    def test_read_the_environment_in_the_settings_only(self) -> None:
        reading = re.compile(r"os\.environ(\.get\(|\[[^\]]+\](?! =))|os\.getenv")
        found = [name_of(path) for path in PROGRAM if reading.search(path.read_text())]

        assert found == ["config/settings.py"]

    def test_silence_no_finding_without_a_reason(self) -> None:
        bare = re.compile(r"# noqa(?!: [A-Z0-9, ]+ - \w)")
        found = [
            f"{name_of(path)}:{number}"
            for path in SOURCES
            if path != Path(__file__)
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if bare.search(line)
        ]

        assert found == []


class TestFunctions:
    def test_have_at_most_60_lines(self) -> None:
        found = [
            f"{name_of(path)}:{function.name}"
            for path in SOURCES
            for function in functions(path)
            if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES
        ]

        assert found == []

    def test_have_at_most_six_arguments(self) -> None:
        found = [
            f"{name_of(path)}:{function.name}"
            for path in PROGRAM
            for function in functions(path)
            if arguments(function) > ARGUMENTS
        ]

        assert found == []


class TestJournal:
    @pytest.mark.parametrize(
        ("table", "writer"),
        [
            ("ledger_journal_entry", "ledger/books/journal.py"),
            ("ledger_posting", "ledger/books/journal.py"),
            ("ledger_balance", "ledger/books/balances.py"),
        ],
    )
    def test_is_written_by_one_module_only(self, table: str, writer: str) -> None:
        writing = re.compile(
            rf"\b(INSERT\s+INTO|COPY|UPDATE|DELETE\s+FROM)\s+{table}\b", re.IGNORECASE
        )
        found = [name_of(path) for path in PROGRAM if writing.search(path.read_text())]

        assert found == [writer]

    def test_is_not_written_through_its_models(self) -> None:
        models = r"(JournalEntry|Posting|Balance)(\.objects|\._default_manager)"
        verbs = r"\.(bulk_)?(create|update|get_or_create|update_or_create)\("
        writing = re.compile(models + verbs)

        assert [name_of(path) for path in PROGRAM if writing.search(path.read_text())] == []


class TestErrors:
    def test_each_has_a_problem_type_and_a_heading_that_explains_it(self) -> None:
        headings = set(
            re.findall(r"^### ([a-z-]+)$", (ROOT / "docs/problems.md").read_text(), re.MULTILINE)
        )
        load_everything()

        missing = {
            error.__name__: error.problem
            for error in all_errors(LedgerError)
            if error.problem not in PROBLEMS or error.problem not in headings
        }

        assert missing == {}

    def test_each_has_a_problem_type_of_its_own(self) -> None:
        load_everything()

        inherited = [
            error.__name__ for error in all_errors(LedgerError) if "problem" not in vars(error)
        ]

        assert inherited == []


@pytest.mark.django_db
class TestConstraints:
    def test_that_have_a_domain_error_exist_in_the_database(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT name
                FROM unnest(%(names)s::text[]) AS name
                WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = name)
                AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = name)
                AND NOT EXISTS (
                    SELECT FROM pg_proc
                    WHERE proname LIKE ANY (ARRAY['ledger%%', 'settlement%%'])
                    AND position(name IN prosrc) > 0
                )
                ORDER BY name
                """,
                {"names": list(REFUSALS)},
            )
            unknown = [name for (name,) in cursor.fetchall()]

        assert unknown == []

    def test_are_named_after_their_table(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT relname || '.' || conname
                FROM pg_constraint
                JOIN pg_class ON pg_class.oid = conrelid
                WHERE relname ~ '^(ledger|settlement)_'
                AND contype IN ('c', 'u', 'x')
                AND NOT relispartition
                AND NOT starts_with(conname, relname || '_')
                ORDER BY 1
                """
            )
            misnamed = [name for (name,) in cursor.fetchall()]

        assert misnamed == []


def load_everything() -> None:
    """Import every module of ours, so that every error class exists."""
    for name in ("config", "ledger", "settlement"):
        package: ModuleType = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)


def all_errors(root: type[LedgerError]) -> set[type[LedgerError]]:
    below = {error for child in root.__subclasses__() for error in all_errors(child)}
    return {root} | below
