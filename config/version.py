"""The version of Clearwatt: the newest heading of CHANGELOG.md, and nowhere else."""

import re
from functools import cache
from pathlib import Path
from typing import Final

CHANGELOG: Final = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
RELEASE: Final = re.compile(r"^## \[(\d+\.\d+\.\d+)\]", re.MULTILINE)


@cache
def version() -> str:
    """Return the version that was released last, such as `0.1.0`."""
    return newest(CHANGELOG.read_text(encoding="utf-8"))


def newest(changelog: str) -> str:
    r"""Return the first release of a change log; what is unreleased has no number yet.

    >>> newest("## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n## [0.1.0] - 2026-11-24\n")
    '0.2.0'
    """
    found = RELEASE.search(changelog)
    assert found, "the change log names a release"
    return found[1]
