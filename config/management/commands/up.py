"""`manage.py up`: the whole of Clearwatt on one machine, until Ctrl-C."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.processes import (
    NotReady,
    ProcessDied,
    Supervisor,
    beat_command,
    free_port,
    web_command,
    worker_command,
)


class Command(BaseCommand):
    """Migrate, then run web server, workers and clock together."""

    help = "Run the web server, the workers and the clock together, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the port and the number of workers."""
        parser.add_argument("--port", type=int, default=8000, help="the next free one is taken")
        parser.add_argument("--workers", type=int, default=1, help="processes that rate usage")

    def handle(self, *_args: Any, port: int, workers: int, **_options: Any) -> None:
        """Run until somebody asks to end.

        :raises CommandError: if a process ends by itself or does not answer.
        """
        call_command("migrate", verbosity=0, interactive=False)
        port = free_port(port)
        address = f"http://127.0.0.1:{port}"
        try:
            with Supervisor() as processes:
                processes.start("web", web_command(port))
                for number in range(1, workers + 1):
                    name = "worker" if workers == 1 else f"worker{number}"
                    processes.start(name, worker_command())
                processes.start("beat", beat_command())
                processes.wait_until_ready(f"{address}/v1/health")
                self.stdout.write(f"Clearwatt is at {address} (Ctrl-C ends it)")
                processes.run_forever()
        except (ProcessDied, NotReady) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Clearwatt has ended")
