"""Workers are woken, but never in the way of who wakes them."""

import threading
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from ledger import tasks
from ledger.rating import rate
from ledger.rating.rate import Rated


class Publishing:
    """Stand in the place of the broker, and count what is sent to it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.error = error

    def __call__(self, **options: Any) -> None:
        self.sent.append(options)
        if self.error:
            raise self.error


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Publishing:
    """Return what counts messages; the bell has not rung yet."""
    publishing = Publishing()
    monkeypatch.setattr(tasks.rate_pending, "apply_async", publishing)
    monkeypatch.setattr(tasks, "_bell", tasks._Bell())
    return publishing


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a clock that stands at its only element."""
    at = [1_000.0]
    monkeypatch.setattr("ledger.tasks.time.monotonic", lambda: at[0])
    return at


class TestWake:
    def test_sends_one_message_in_200_milliseconds(
        self, broker: Publishing, clock: list[float]
    ) -> None:
        for moment in (1_000.0, 1_000.05, 1_000.199, 1_000.2, 1_000.3, 1_000.41):
            clock[0] = moment
            tasks.wake()

        assert len(broker.sent) == 3

    def test_sends_one_message_however_many_threads_ask(
        self, broker: Publishing, clock: list[float]
    ) -> None:
        threads = [threading.Thread(target=tasks.wake) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(broker.sent) == 1

    def test_does_not_try_again_by_itself(self, broker: Publishing, clock: list[float]) -> None:
        tasks.wake()

        assert broker.sent[0]["retry"] is False

    @pytest.mark.parametrize("error", [OperationalError(), OSError("disk full"), ValueError()])
    def test_survives_a_broker_that_is_away(
        self,
        broker: Publishing,
        clock: list[float],
        caplog: pytest.LogCaptureFixture,
        error: Exception,
    ) -> None:
        broker.error = error

        tasks.wake()

        assert "worker not woken" in caplog.text

    def test_leaves_a_broker_that_is_away_alone_for_a_while(
        self, broker: Publishing, clock: list[float]
    ) -> None:
        broker.error = OperationalError()
        for moment in (1_000.0, 1_001.0, 1_009.9, 1_010.0):
            clock[0] = moment
            tasks.wake()

        assert len(broker.sent) == 2


class TestRatePending:
    def claims(self, monkeypatch: pytest.MonkeyPatch, waiting: int) -> list[int]:
        """Let so many claims wait; return a list that grows with each one rated."""
        done: list[int] = []

        def rate_one(**_: Any) -> Rated | None:
            if len(done) == waiting:
                return None
            done.append(1)
            return Rated(batches=1, entered=1, set_aside=0)

        monkeypatch.setattr(rate, "rate_pending", rate_one)
        return done

    def test_rates_claim_by_claim_until_nothing_waits(
        self, broker: Publishing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = self.claims(monkeypatch, waiting=3)

        tasks.rate_pending(sent_by="a later version")

        assert len(done) == 3
        assert broker.sent == []

    def test_ends_after_a_while_and_calls_for_more(
        self, broker: Publishing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = self.claims(monkeypatch, waiting=1_000)

        tasks.rate_pending()

        assert len(done) == tasks.CLAIMS_A_RUN
        assert len(broker.sent) == 1
