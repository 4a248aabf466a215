"""Estimate a benchmark that nobody measured: `manage.py estimate_benchmark CODE`."""

import json
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.pricing import estimates
from ledger.pricing.bounds import InvalidCostInput

PROVENANCE = {
    "code": "estimate-ecologits-0.11.3",
    "grade": "D",
    "source": "Regressions of EcoLogits 0.11.3 (impacts/llm.py)",
    "licence": "MPL-2.0",
    "note": "An estimate for dense models at 16 bits on GPUs of 80 GB, not a measurement.",
}


class Command(BaseCommand):
    """Write a catalogue document with an estimated benchmark of a dense model, grade D."""

    help = "Write a benchmark estimated by EcoLogits' formulas, as a document for publish."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the model's size, how it is served, and how its work divides."""
        parser.add_argument("code", help="code of the benchmark")
        parser.add_argument("--model", required=True)
        parser.add_argument("--hardware", required=True, help="code of a GPU with 80 GB")
        parser.add_argument("--active", required=True, help="active parameters, billions")
        parser.add_argument("--total", required=True, help="parameters in all, billions")
        parser.add_argument("--batch", type=int, default=64, help="requests served at once")
        parser.add_argument("--mean-input", required=True, help="tokens of a mean prompt")
        parser.add_argument("--mean-output", required=True, help="tokens of a mean answer")
        parser.add_argument("--decode-to-prefill", default="2.5")
        parser.add_argument("--cached-to-prefill", default="0.1")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the document to standard output.

        :raises CommandError: if a size is no number or beyond what the formulas were fitted on.
        """
        try:
            figures = estimates.benchmark(
                active_billions=Decimal(options["active"]),
                total_billions=Decimal(options["total"]),
                batch=options["batch"],
            )
        except (InvalidCostInput, InvalidOperation) as error:
            raise CommandError(f"no estimate: {error}") from error
        row = {
            "code": options["code"],
            "model": options["model"],
            "hardware": options["hardware"],
            **figures,
            "mean_output_tokens": options["mean_output"],
            "mean_input_tokens": options["mean_input"],
            "decode_to_prefill": options["decode_to_prefill"],
            "cached_to_prefill": options["cached_to_prefill"],
            "provenance": PROVENANCE["code"],
        }
        today = timezone.now().date().isoformat()
        provenance = PROVENANCE | {"retrieved_on": today}
        document = {"provenance": [provenance], "benchmarks": [row]}
        self.stdout.write(json.dumps(document, indent=1, ensure_ascii=False))
        self.stderr.write(
            "A profile from it states boundary gpu and, as EcoLogits does, "
            f"{estimates.HOST_WATTS_PER_GPU} host watts a GPU"
        )
