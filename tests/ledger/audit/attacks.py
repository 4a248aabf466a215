"""What somebody with a superuser's hands may do to the tables, and which audits must notice.

The statements change the books of `books.keep`. Each attack names all the audits that see it: one
more or one less is a change in what the audits prove.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attack:
    """Statements that change tables behind the program's back, and the audits that see it."""

    name: str
    statements: tuple[str, ...]
    seen_by: frozenset[str]


def attack(name: str, *statements: str, seen_by: str) -> Attack:
    """Return an attack; `seen_by` names the audits, apart by spaces."""
    return Attack(name, statements, frozenset(seen_by.split()))


def late(change: str) -> str:
    """Return a statement that changes the usage entry of the late event."""
    return f"UPDATE ledger_usage_entry SET {change} WHERE event_id = 'late'"
