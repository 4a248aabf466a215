"""A broker made of folders, for one machine without Redis or RabbitMQ.

kombu's filesystem transport, with its two races closed: a message appears under its name only when
it is whole, and is taken by a rename within one folder tree, so that exactly one worker gets it.
"""

import uuid
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any, Final

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

# Messages only wake workers; while none runs, more than this would only fill the disk.
WAITING_LIMIT: Final = 1000


def folder_options(folder: Path) -> dict[str, Any]:
    """Return the transport's options, and make its folders, for this user only."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for path in (folder, folder / "messages", folder / "taken", folder / "control"):
        path.mkdir(mode=0o700, exist_ok=True)
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "processed_folder": str(folder / "taken"),
        "control_folder": str(folder / "control"),
        "store_processed": False,
        "polling_interval": 0.1,
    }


class Channel(filesystem.Channel):
    """Keep each message in a file `<nanoseconds>-<random>.<queue>.msg`."""

    # kombu's own classes disagree on the second argument's name.
    def _put(self, queue: str, payload: dict[str, Any], **_kwargs: Any) -> None:  # type: ignore[override]
        waiting = sorted(_messages(self.data_folder_out, queue))
        for name in waiting[: max(0, len(waiting) - WAITING_LIMIT + 1)]:
            Path(self.data_folder_out, name).unlink(missing_ok=True)
        name = f"{time_ns()}-{uuid.uuid4().hex}.{queue}.msg"
        hidden = Path(self.processed_folder, name)
        hidden.write_text(dumps(payload), encoding="utf-8")
        hidden.rename(Path(self.data_folder_out, name))

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 - kombu's
        for name in sorted(_messages(self.data_folder_in, queue)):
            taken = Path(self.processed_folder, name)
            try:
                Path(self.data_folder_in, name).rename(taken)
            except FileNotFoundError:
                continue
            text = taken.read_text(encoding="utf-8")
            taken.unlink()
            message: dict[str, Any] = loads(text)
            return message
        raise Empty


class Transport(filesystem.Transport):
    """The transport behind `filesystem://`."""

    Channel = Channel


def _messages(folder: str, queue: str) -> list[str]:
    return [path.name for path in Path(folder).glob(f"*.{queue}.msg")]


TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
