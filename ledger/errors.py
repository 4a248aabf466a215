"""The root of everything a caller can do wrong."""

from typing import ClassVar


class LedgerError(Exception):
    """Refuse an act; subclasses stand beside the function that raises them and carry its facts.

    `problem` is the problem type's last segment (`docs/problems.md` has a heading for each).
    """

    problem: ClassVar[str] = "ledger-error"
