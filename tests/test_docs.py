"""What the documents say of the code is looked up in the code."""

import importlib
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

from ledger.books.models import Posting
from ledger.quantities import Physical
from ledger.rating import rate
from tests import factories

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OURS = ("ledger", "settlement", "config")

LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"^(?:config|ledger|settlement|docs|tests|bench|bin|\.ci)/[\w./-]*$")
DOTTED = re.compile(rf"^(?:{'|'.join(OURS)})(?:\.\w+)+$")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
TARGET = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
REQUIREMENT = re.compile(r"^([A-Za-z][\w.-]*(?:\[[\w,]+\])?)==", re.MULTILINE)
# Headings of the tables in docs/accounts.md, after the account itself.
CHART = ["normal", "what it tells", "debited by", "credited by"]
SIDES = ["debit", "credit"]
STEPS = ["before", "settlement", "after"]
# Served by the program, not files.
SERVED = ("/v1/", "/problems", "/admin")


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def named(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Return (page, word) for what is written as code in the prose and has this form."""
    return [
        (str(page.relative_to(ROOT)), word)
        for page in PAGES
        for word in CODE.findall(prose(page))
        if pattern.match(word)
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made by those who render it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings]
    return {re.sub(r"\s", "-", heading) for heading in plain}


def found(name: str) -> bool:
    """Tell whether a dotted name leads to a module or to something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


def tables(page: Path) -> Iterator[list[list[str]]]:
    """Yield the tables of a page, each as rows of cells without their marks."""
    rows: list[list[str]] = []
    for line in [*page.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
        elif rows:
            yield [rows[0], *rows[2:]]
            rows = []


def account_table(headings: list[str]) -> list[list[str]]:
    """Return the rows of the table in docs/accounts.md with these headings."""
    every = tables(ROOT / "docs/accounts.md")
    return next(rows[1:] for rows in every if rows[0][1:] == headings)


def amount(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "") or 0)


def sums(rows: list[list[str]], column: int) -> dict[str, Decimal]:
    """Return the sum of a column per commodity, the last part of the account's code."""
    totals: dict[str, Decimal] = {}
    for row in rows:
        commodity = row[0].rpartition(":")[2]
        totals[commodity] = totals.get(commodity, Decimal(0)) + amount(row[column])
    return totals


class TestPages:
    def test_link_to_what_is_there(self) -> None:
        broken = []
        for page in PAGES:
            for target in LINK.findall(prose(page)):
                if target.startswith(("http://", "https://", "mailto:", *SERVED)):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                if not file.exists() or (anchor and anchor not in anchors(file)):
                    broken.append((str(page.relative_to(ROOT)), target))

        assert broken == []

    def test_name_files_that_are_there(self) -> None:
        places = [(page, word) for page, word in named(PLACE) if "{" not in word]

        assert len(places) > 50
        assert [(page, word) for page, word in places if not (ROOT / word).exists()] == []

    def test_name_modules_and_functions_that_are_there(self) -> None:
        words = named(DOTTED)

        assert len(words) > 20
        assert [(page, word) for page, word in words if not found(word)] == []

    def test_name_commands_that_are_there(self) -> None:
        text = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
        commands = {(page, word) for page, all_ in text.items() for word in COMMAND.findall(all_)}

        assert {(page, word) for page, word in commands if word not in get_commands()} == set()

    def test_name_targets_of_make_that_are_there(self) -> None:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = {word for page in PAGES for word in TARGET.findall(page.read_text("utf-8"))}

        assert {"check", "demo", "test", "up"} <= targets
        assert {
            word for word in targets if not re.search(rf"^{word}:", makefile, re.MULTILINE)
        } == set()


class TestGlossary:
    def test_has_every_table_by_its_name_and_by_its_word(self) -> None:
        text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
        terms = {term.casefold() for term in re.findall(r"\*\*([^*]+)\*\*", text)}
        models = [model for label in OURS for model in apps.get_app_config(label).get_models()]

        assert [
            model._meta.label
            for model in models
            if str(model._meta.verbose_name).casefold() not in terms
            or f"`{model._meta.db_table}`" not in text
        ] == []


class TestDependencies:
    def test_each_have_a_line_that_says_what_they_cost(self) -> None:
        text = (ROOT / "docs/adr/0002-dependencies.md").read_text(encoding="utf-8")
        explained = {
            name
            for line in text.splitlines()
            if line.startswith("|")
            for name in line.split("|")[1].strip().split(", ")
        }
        pinned = {
            name
            for file in ("requirements.txt", "requirements-dev.txt", "requirements-market.txt")
            for name in REQUIREMENT.findall((ROOT / file).read_text(encoding="utf-8"))
        }

        assert pinned - explained == set()
        assert explained - pinned - {"package", "---"} == set()


class TestDecisions:
    def test_are_listed_in_order_and_have_the_same_four_parts(self) -> None:
        folder = ROOT / "docs/adr"
        files = sorted(path.name for path in folder.glob("0*.md"))
        listed = re.findall(
            r"^\| \[\d{4}\]\((.+?)\)", (folder / "README.md").read_text(), re.MULTILINE
        )
        parts = ["Context", "Decision", "Consequences", "What would change it"]

        assert listed == files
        assert [
            name
            for name in files
            if re.findall(r"^## (.+)$", (folder / name).read_text(), re.MULTILINE) != parts
        ] == []


class TestAccounts:
    @pytest.mark.django_db
    def test_show_the_worked_event_as_it_is_posted(self) -> None:
        rows = account_table(SIDES)
        factories.publish()
        factories.record(factories.event())

        rate.rate_pending(now=factories.NOW)

        posted = {one.account.code: one.amount for one in Posting.objects.select_related("account")}
        assert {row[0]: amount(row[1]) - amount(row[2]) for row in rows} == posted

    def test_show_a_settlement_that_balances(self) -> None:
        rows = account_table(STEPS)

        assert [sums(rows, column) for column in (1, 2, 3)] == [{"CNY": 0}] * 3
        assert [row for row in rows if amount(row[1]) + amount(row[2]) != amount(row[3])] == []

    def test_list_every_account_that_usage_and_settlement_post_to(self) -> None:
        listed = account_table(CHART)
        shapes = [re.sub(r"\\{\w+\\}", r"[^:]+", re.escape(row[0])) for row in listed]
        worked = [row[0] for row in (*account_table(SIDES), *account_table(STEPS))]

        assert [code for code in worked if not any(re.fullmatch(one, code) for one in shapes)] == []
        assert set(Physical) - {code.rpartition(":")[2] for code in worked} == {"GEC"}
