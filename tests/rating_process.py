"""A process that rates whatever waits until it is told to stop: what the crash tests kill.

Run as `python -m tests.rating_process` with DATABASE_URL set.
"""

import sys
import time

import django

if __name__ == "__main__":
    django.setup()

    from django.utils import timezone

    from ledger.rating import rate

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        if rate.rate_pending(now=timezone.now(), limit=400) is None:
            time.sleep(0.01)
