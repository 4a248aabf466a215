"""The form of a problem's example."""

from typing import Any


def problem(name: str, status: int, title: str, detail: str, **facts: Any) -> dict[str, Any]:
    """Return a problem document: the standard members first, then its own facts."""
    return {
        "type": f"/problems/{name}",
        "title": title,
        "status": status,
        "detail": detail,
        **facts,
    }
