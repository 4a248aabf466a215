"""What processes say, kept in a file each, so that the terminal stays free for people."""

import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO


class LogFiles:
    """An echo for `Supervisor` that writes `<name>.log` in a folder, anew each time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._files: dict[str, TextIO] = {}
        self._closed = False

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
            for file in self._files.values():
                file.close()

    def write(self, name: str, line: str) -> None:
        """Keep a line that a process wrote."""
        with self._lock:
            if self._closed:
                return  # a last word after the end
            if name not in self._files:
                path = self.folder / f"{name}.log"
                self._files[name] = path.open("w", encoding="utf-8", buffering=1)
            self._files[name].write(f"{line}\n")

    def tails(self, *, lines: int = 15) -> str:
        """Return the last lines of every file."""
        parts = []
        for name in sorted(self._files):
            path = self.folder / f"{name}.log"
            with path.open(encoding="utf-8") as file:
                last = "".join(deque(file, lines))
            parts.append(f"--- {path}\n{last}")
        return "".join(parts)
