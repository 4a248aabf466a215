"""A process that rates and corrects whatever waits until it is killed, as the crash tests do.

Run as `python -m tests.rating_process` with DATABASE_URL set.
"""

import sys
import time

import django

if __name__ == "__main__":
    django.setup()

    from django.utils import timezone

    from ledger.rating import rate
    from ledger.rating.corrections import applying
    from ledger.rating.rerating.applying import apply_approved

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        rated = rate.rate_pending(now=timezone.now(), limit=400)
        corrected = applying.apply_pending(now=timezone.now(), limit=400)
        rerated = apply_approved(now=timezone.now(), limit=400)
        if rated is None and corrected is None and rerated is None:
            time.sleep(0.01)
