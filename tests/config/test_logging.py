import logging
import sys

from config.logging import LineFormatter


def line(message: str, *args: object, **extra: object) -> str:
    record = logging.LogRecord("ledger.books", logging.INFO, "x.py", 1, message, args, None)
    record.created = 1793145600.25  # 2026-10-27T20:00:00.25Z
    record.process = 7
    vars(record).update(extra)
    return LineFormatter().format(record)


class TestLineFormatter:
    def test_writes_time_level_process_message_and_facts(self) -> None:
        assert line("entries %s", "posted", count=3, account="site:cn:TOK") == (
            "2026-10-28T00:00:00.250Z INFO    ledger[7] entries posted count=3 account=site:cn:TOK"
        )

    def test_quotes_a_value_that_would_not_read_as_one_word(self) -> None:
        assert line("refused", why="two words", empty="").endswith('why="two words" empty=""')

    def test_keeps_to_one_line_whatever_comes_in(self) -> None:
        written = line("first\nsecond", reason="a\nb")

        assert "\n" not in written
        assert written.endswith('first\\nsecond reason="a\\nb"')

    def test_puts_the_traceback_into_the_line(self) -> None:
        record = logging.LogRecord("config", logging.ERROR, "x.py", 1, "failed", None, None)
        try:
            int("no rate")
        except ValueError:
            record.exc_info = sys.exc_info()

        written = LineFormatter().format(record)

        assert "\n" not in written
        assert "ValueError: invalid literal" in written
