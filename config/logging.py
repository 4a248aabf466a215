"""Logs: one line an event on stderr, time, level, process, message, then the facts as key=value."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

# What every record carries by itself; all else came in by `extra`.
OWN_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "asctime",
    "color_message",
    "message",
    "request",
    "server_time",
    "taskName",
}
PLAIN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+@,()#%*"
)


def logging_config(level: str) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`; libraries speak from WARNING up."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "config.logging.LineFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            **{name: {"level": level} for name in ("config", "ledger", "settlement", "portal")},
            # Django gives these handlers of its own; ours stands at the root.
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # It warns of a broker URL without a host, even where there is none: `filesystem://`.
            "kombu.connection": {"level": "ERROR"},
        },
    }


class LineFormatter(logging.Formatter):
    """Write a record as one line, whatever it holds."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: line breaks inside values are escaped, so that it stays one."""
        at = datetime.fromtimestamp(record.created, tz=UTC)
        words = [
            at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            f"{record.levelname:<7}",
            f"{record.name.partition('.')[0]}[{record.process}]",
            _one_line(record.getMessage()),
        ]
        words += [
            f"{key}={_value(value)}"
            for key, value in vars(record).items()
            if key not in OWN_FIELDS and not key.startswith("_")
        ]
        if record.exc_info:
            words.append(f"traceback={json.dumps(self.formatException(record.exc_info))}")
        if record.stack_info:
            words.append(f"stack={json.dumps(record.stack_info)}")
        return " ".join(words)


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _value(value: Any) -> str:
    text = str(value)
    if text and PLAIN.issuperset(text):
        return text
    return json.dumps(text, ensure_ascii=False)
