"""What a rate was compiled from, as rows that can be read from top to bottom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Input:
    """A figure with the path to it; `part` is the first step, in words."""

    part: str
    figure: str
    value: str


def flattened(inputs: Mapping[str, Any]) -> list[Input]:
    """Return every figure among the inputs, however deep, by part.

    >>> pue, site = flattened({"site": "west", "pue": {"pue": "1.2"}})
    >>> pue, site.value
    (Input(part='pue', figure='pue', value='1.2'), 'west')
    """
    return [
        Input(part=_words(part), figure=_words(figure), value=value)
        for part, inner in sorted(inputs.items())
        for figure, value in _leaves(inner, path="")
    ]


def _leaves(value: Any, *, path: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [
            leaf
            for name, inner in sorted(value.items())
            for leaf in _leaves(inner, path=f"{path} {name}".strip())
        ]
    return [(path, _text(value))]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _words(path: str) -> str:
    return path.replace("_", " ")
