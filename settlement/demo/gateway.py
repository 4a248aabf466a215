"""The providers' gateways: they post batches to the API over HTTP, each with its own key."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import requests

from settlement.demo.batches import CONTENT_TYPE, Batch

TIMEOUT_SECONDS: Final = 60


class RequestRefused(Exception):
    """The API answered something else than it should have."""

    def __init__(self, path: str, status: int, answer: str) -> None:
        self.path = path
        self.status = status
        super().__init__(f"{path} answered {status}: {answer[:300]}")


@dataclass(slots=True)
class Receipts:
    """What the API answered so far, added up."""

    sent: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    details: list[str] = field(default_factory=list)

    def add(self, answer: Mapping[str, Any], *, sent: int) -> None:
        """Add an answer to a batch of so many events."""
        self.sent += sent
        for name in ("accepted", "duplicates", "conflicts", "rejected"):
            setattr(self, name, getattr(self, name) + answer[name])
        self.details += [f"{item['code']}: {item['detail']}" for item in answer["items"]]


class Posting:
    """Batches under way: one thread a provider, each with one connection."""

    def __init__(self, address: str, keys: Mapping[str, str], batches: Sequence[Batch]) -> None:
        self.receipts = Receipts()
        self.seconds = 0.0
        self._address = address
        self._keys = keys
        self._lock = threading.Lock()
        self._begun_at = time.monotonic()
        self._stopped = False
        by_provider: dict[str, list[Batch]] = {}
        for one in batches:
            by_provider.setdefault(one.provider, []).append(one)
        self._pool = ThreadPoolExecutor(max(len(by_provider), 1), thread_name_prefix="gateway")
        self._running: list[Future[None]] = [
            self._pool.submit(self._post_all, provider, own)
            for provider, own in by_provider.items()
        ]

    def is_done(self) -> bool:
        """Tell whether every batch is answered.

        :raises RequestRefused: if one was not recorded.
        :raises requests.RequestException: if there was no answer.
        """
        for future in self._running:
            if future.done():
                future.result()
        return all(future.done() for future in self._running)

    def stop(self) -> None:
        """Send nothing more, and wait for what is under way."""
        self._stopped = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _post_all(self, provider: str, batches: Sequence[Batch]) -> None:
        with session(self._keys[provider]) as gateway:
            for one in batches:
                if self._stopped:
                    return
                answer = post(gateway, self._address, one)
                with self._lock:
                    self.receipts.add(answer, sent=one.events)
                    self.seconds = time.monotonic() - self._begun_at


@contextmanager
def posting(address: str, keys: Mapping[str, str], batches: Sequence[Batch]) -> Iterator[Posting]:
    """Post batches in the background, while the block looks at them; no thread outlives it."""
    under_way = Posting(address, keys, batches)
    try:
        yield under_way
    finally:
        under_way.stop()


@contextmanager
def session(key: str) -> Iterator[requests.Session]:
    """Yield a connection that sends the key; a proxy of the environment is passed by."""
    with requests.Session() as opened:
        opened.trust_env = False
        opened.headers["Authorization"] = f"Bearer {key}"
        yield opened


def post(gateway: requests.Session, address: str, batch: Batch) -> dict[str, Any]:
    """Post one batch and return the receipt.

    :raises RequestRefused: if it was not recorded.
    """
    path = "/v1/events"
    answer = gateway.post(
        f"{address}{path}",
        data=batch.body,
        headers={"Content-Type": CONTENT_TYPE},
        timeout=TIMEOUT_SECONDS,
    )
    return _json(answer, path, expected=202)


def approve(address: str, key: str, *, settlement_id: int) -> dict[str, Any]:
    """Approve a settlement over HTTP, as the person whose key it is.

    :raises RequestRefused: if it is not approved.
    """
    path = f"/v1/settlements/{settlement_id}/approve"
    with session(key) as checker:
        answer = checker.post(f"{address}{path}", timeout=TIMEOUT_SECONDS)
    return _json(answer, path, expected=200)


def _json(answer: requests.Response, path: str, *, expected: int) -> dict[str, Any]:
    if answer.status_code != expected:
        raise RequestRefused(path, answer.status_code, answer.text)
    content: dict[str, Any] = answer.json()
    return content
