"""Files: what finance and the parties get, read back by another reader and summed again."""

import csv
import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger.books import balances
from ledger.pricing.models import Agreement
from settlement.clearing.models import Settlement
from settlement.statements import files
from settlement.statements.exports import csv as export
from settlement.statements.exports.csv import ControlTotalsDiffer
from tests.settlement import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def settlement() -> Settlement:
    factories.publish()
    factories.use("evt-1", "evt-2")
    factories.post("westcloud-eastcloud", price="70.0049", fee_provider="1.000000000001")
    factories.post("eastcloud-westcloud", price="50.005", fee_consumer="0.75")
    return factories.settle()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def total(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


class TestExport:
    def test_writes_three_tables_and_a_manifest_that_names_and_hashes_them(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        written = export.export(settlement_id=settlement.pk, folder=tmp_path / "new").files

        stem = f"2026-10-CNY-{settlement.pk}"
        assert [path.name for path in written] == [
            f"{stem}-lines.csv",
            f"{stem}-positions.csv",
            f"{stem}-journal.csv",
            f"{stem}-manifest.json",
        ]
        manifest = json.loads(written[-1].read_text())
        for path, said in zip(written[:-1], manifest["files"], strict=True):
            assert said["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            assert (said["file"], said["rows"]) == (path.name, len(read(path)))
        assert (manifest["state"], manifest["input_hash"]) == ("approved", settlement.input_hash)

    def test_states_control_totals_that_equal_the_trial_balance(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        written = export.export(settlement_id=settlement.pk, folder=tmp_path)

        lines, positions, journal, manifest = written.files
        control = json.loads(manifest.read_text())["control_totals"]
        debits, credits_ = balances.trial_balance()["CNY"]
        assert debits == credits_
        assert (
            total(read(journal), "debit") == debits == Decimal(control["trial_balance"]["debits"])
        )
        assert (
            total(read(journal), "credit")
            == credits_
            == Decimal(control["trial_balance"]["credits"])
        )
        assert total(read(lines), "price") == Decimal(control["price"])
        assert total(read(positions), "consumer_due") == Decimal(control["consumer_due"])
        due = control["trial_balance"]["accounts"]["consumer:eastcloud:due:CNY"]
        assert Decimal(due["debits"]) == Decimal("70.00")

    def test_writes_a_row_a_line_with_exact_amounts(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        lines = read(export.export(settlement_id=settlement.pk, folder=tmp_path).files[0])

        (usage,) = [row for row in lines if row["deployment"]]
        assert usage["month"] == "2026-10"
        assert (usage["agreement"], usage["model"], usage["events"]) == (
            "westcloud-acme",
            "qwen",
            "2",
        )
        assert (usage["tokens"], usage["price"]) == ("5000", "0.016614428000")
        assert len(lines) == 3

    def test_streams_the_same_lines_that_it_writes(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        path = export.export(settlement_id=settlement.pk, folder=tmp_path).files[0]

        streamed = "".join(export.lines(settlement_id=settlement.pk))

        assert streamed.encode() == path.read_bytes()

    def test_refuses_to_vouch_for_books_that_do_not_add_up(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ledger_balance SET debits = debits + 0.000000000001 WHERE account_id = "
                "(SELECT id FROM ledger_account WHERE code = 'consumer:acme:due:CNY')"
            )

        with pytest.raises(ControlTotalsDiffer) as refused:
            export.export(settlement_id=settlement.pk, folder=tmp_path)

        assert refused.value.what == "debits of consumer:acme:due:CNY"
        assert not list(tmp_path.glob("*manifest*"))

    def test_leaves_no_text_that_a_spreadsheet_would_run(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE ledger_deployment SET model = '=HYPERLINK(\"http://x\")'")
            cursor.execute("SET LOCAL session_replication_role = origin")

        lines = read(export.export(settlement_id=settlement.pk, folder=tmp_path).files[0])

        assert {row["model"] for row in lines} == {"", '\'=HYPERLINK("http://x")'}
        assert any(row["fee_consumer"].startswith("0") for row in lines)


class TestWrite:
    def test_writes_each_party_a_text_a_json_and_a_csv(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        written = files.write(settlement_id=settlement.pk, folder=tmp_path)

        stem = f"2026-10-CNY-{settlement.pk}"
        assert [path.name for path in written[4:]] == [
            f"{stem}-{party}.{suffix}"
            for party in ("acme", "eastcloud", "westcloud")
            for suffix in ("txt", "json", "csv")
        ]
        assert all(path.is_file() for path in written)

    def test_writes_a_text_that_a_person_can_follow(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        files.write(settlement_id=settlement.pk, folder=tmp_path)

        text = (tmp_path / f"statements/2026-10-CNY-{settlement.pk}-acme.txt").read_text()
        lines = [" ".join(line.split()) for line in text.splitlines()]
        assert lines[:3] == [
            "Statement for Acme (acme)",
            "2026-10-01 to 2026-10-31, in CNY",
            f"Settlement {settlement.pk}, approved",
        ]
        assert "Bought from West Cloud" in lines
        assert "carried over from before 0.000000000000" in lines
        assert "qwen (qwen): 2 events, 5,000 tokens" in lines
        assert "due, rounded to the smallest unit 0.02" in lines
        assert "CNY to be paid by you 0.02" in lines
        assert "compute" not in text

    def test_writes_json_with_amounts_as_strings(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        files.write(settlement_id=settlement.pk, folder=tmp_path)

        path = tmp_path / f"statements/2026-10-CNY-{settlement.pk}-acme.json"
        document = json.loads(path.read_text())
        assert document["sections"][0]["price"] == "0.016614428000"
        assert document["sections"][0]["rows"][0]["components"] is None

    def test_writes_csv_rows_that_sum_to_the_statement(
        self, settlement: Settlement, tmp_path: Path
    ) -> None:
        files.write(settlement_id=settlement.pk, folder=tmp_path)

        rows = read(tmp_path / f"statements/2026-10-CNY-{settlement.pk}-westcloud.csv")
        sold = [row for row in rows if row["role"] == "provider"]
        position = settlement.positions.filter(
            agreement__in=Agreement.objects.filter(provider__code="westcloud")
        )
        assert total(sold, "amount") == sum(
            (one.price - one.fee_provider for one in position), Decimal(0)
        )


class TestCommands:
    def test_take_a_month_from_open_to_exported(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        # A month that is over on any machine: commands look at the real clock.
        factories.publish()
        factories.use("evt-1", occurred_at=datetime(2023, 10, 5, tzinfo=UTC))
        for name in ("maker", "checker"):
            factories.user(name)

        call_command("close", "2023-10", "--as", "maker")
        call_command("settle", "2023-10", "--as", "maker")
        settlement = Settlement.objects.get()
        call_command("approve", str(settlement.pk), "--as", "checker")
        call_command("export_settlement", str(settlement.pk), "--to", str(tmp_path))

        said = capsys.readouterr().out.splitlines()
        assert said[:5] == [
            "2023-10 is closed: 4 periods",
            (
                "energy: west 2023-10: not trued up: west in 2023-10 has no facility readings from"
                " 2023-09-30 16:00 to 2023-10-31 16:00 UTC; record them, and try again"
            ),
            (
                "energy: west 2023-10, westcloud: 0 Wh cancelled, nothing short;"
                " 0.242 g of CO2 booked as green have no certificate"
            ),
            f"settlement {settlement.pk}: 2023-10 CNY, calculated; hash {settlement.input_hash}",
            f"settlement {settlement.pk}: 2023-10 CNY, approved",
        ]
        assert len(said) == 5 + 4 + 2 * 3

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["approve", "404404404", "--as", "maker"], "there is no settlement 404404404"),
            (["close", "2026-13", "--as", "maker"], "is not a month"),
            (["settle", "2026-10", "--as", "nobody"], "there is no user 'nobody'"),
        ],
    )
    def test_end_with_a_sentence_on_what_is_refused(
        self, arguments: list[str], sentence: str
    ) -> None:
        factories.user("maker")

        with pytest.raises(CommandError, match=sentence):
            call_command(*arguments)
