"""Everything about a settlement as files: finance's CSV with its proof, and parties' statements."""

from pathlib import Path

from settlement.statements.exports import csv
from settlement.statements.rendering import write_statements


def write(*, settlement_id: int, folder: Path) -> list[Path]:
    """Write the CSV files, their manifest and, under `statements/`, a statement a party.

    :raises NoSuchSettlement: if there is none.
    :raises ControlTotalsDiffer: if the files do not add up to the books.
    """
    export = csv.export(settlement_id=settlement_id, folder=folder)
    return [
        *export.files,
        *write_statements(settlement_id=settlement_id, folder=folder / "statements"),
    ]
