"""How much an act takes, told without a clock: lines of Python that were run, and memory."""

import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True, slots=True)
class Work:
    """What an act took, and what it returned or raised."""

    lines: int
    peak_bytes: int
    outcome: Any


def work(act: Callable[[], Any]) -> Work:
    """Do the act, counting every line of Python in it and the most memory it held at once."""
    lines = 0

    def count(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    tracemalloc.start()
    sys.settrace(count)
    try:
        outcome = act()
    except Exception as error:  # noqa: BLE001 - what was raised is what the test asks for
        outcome = error
    finally:
        sys.settrace(before)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return Work(lines, peak_bytes, outcome)
