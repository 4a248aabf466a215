#!/usr/bin/env python
"""Run a command of Clearwatt; bring an embedded PostgreSQL where it needs one and none is named."""

import logging.config
import os
import signal
import sys
import warnings
from types import FrameType
from typing import Final, NoReturn

from django.core.management import execute_from_command_line

from config import settings
from config.embedded import EmbeddedUnavailable, running

NEEDS_NO_DATABASE: Final = frozenset(
    {
        "--help",
        "--version",
        "-h",
        "check",
        "collectstatic",
        "diffsettings",
        "findstatic",
        "help",
        "makemigrations",
        "spectacular",
        "version",
    }
)


def main() -> None:
    """Run the command, inside of a database that lasts as long as it needs one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    logging.config.dictConfig(settings.LOGGING)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    try:
        if settings.DATABASE_URL or not _needs_database(sys.argv[1:]):
            # Whether the migrations fit the tables is asked of a database; here is none to ask.
            warnings.filterwarnings(
                "ignore", message="Got an error checking a consistent migration"
            )
            execute_from_command_line(sys.argv)
            return
        with running(settings.EMBEDDED_DATABASE) as url:
            settings.use_database(url)
            execute_from_command_line(sys.argv)
    except EmbeddedUnavailable as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _needs_database(arguments: list[str]) -> bool:
    if not arguments or NEEDS_NO_DATABASE & {arguments[0], *arguments[1:2]} & {"--help", "-h"}:
        return False
    return arguments[0] not in NEEDS_NO_DATABASE


def _leave(signum: int, _frame: FrameType | None) -> NoReturn:
    """End as an error would, so that everything started here is stopped."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    main()
