"""Index of settlement's tables; each is defined where its subject lives."""

from settlement.clearing.models import (
    Approval,
    Netting,
    Position,
    SettledEntry,
    Settlement,
    StatementLine,
    TrueUp,
)

__all__ = [
    "Approval",
    "Netting",
    "Position",
    "SettledEntry",
    "Settlement",
    "StatementLine",
    "TrueUp",
]
