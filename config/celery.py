"""The Celery app, and on one page when it does what.

The tables are the queue: a message only wakes a worker early, and the schedule below is the
guarantee. So no result is kept, messages may be lost, doubled or late, and a broker that does not
answer costs a request less than a second. Tasks are named, not imported.
"""

import os
from typing import Any, Final

from celery import Celery
from celery.signals import setup_logging, worker_ready
from django.conf import settings

from config.folders import folder_options

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "rate-pending": {
        "task": "ledger.tasks.rate_pending",
        "schedule": 1.0,
        # What no worker took within the second is said anew by the next; nothing piles up.
        "options": {"expires": 1.0},
    },
    "retry-set-aside": {
        "task": "ledger.tasks.retry_set_aside",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "forget-signed-requests": {
        "task": "ledger.tasks.forget_signed_requests",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "apply-corrections": {
        "task": "ledger.tasks.apply_corrections",
        "schedule": 1.0,
        "options": {"expires": 1.0},
    },
    "compile-rates-ahead": {
        "task": "ledger.tasks.compile_rates_ahead",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "apply-reratings": {
        "task": "ledger.tasks.apply_reratings",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "prepare-partitions": {
        "task": "ledger.tasks.prepare_partitions",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

if settings.CLEARWATT_KEEP_PAYLOADS_DAYS is not None:
    SCHEDULE["drop-payloads"] = {
        "task": "ledger.tasks.drop_payloads",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    }


def transport_options(broker_url: str) -> dict[str, Any]:
    """Return what makes a dead broker fail fast, by the kind of broker."""
    scheme = broker_url.partition("://")[0].partition("+")[0]
    if scheme == "filesystem":
        return folder_options(settings.CLEARWATT_DATA / "broker")
    if scheme in {"redis", "rediss"}:
        return {
            "socket_connect_timeout": 0.5,
            # A worker waits for messages by polling, so this bounds every answer, not the wait.
            "socket_timeout": 0.5,
            "socket_keepalive": True,
            "max_retries": 0,
        }
    return {"max_retries": 0}


app = Celery("clearwatt")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=transport_options(settings.CELERY_BROKER_URL),
    broker_connection_timeout=0.5,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_default_queue=settings.CELERY_QUEUE,
    task_publish_retry=False,
    task_ignore_result=True,
    task_acks_late=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    # Nobody steers a worker from afar; without it the broker holds no queue a worker.
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    enable_utc=True,
    timezone="UTC",
    beat_schedule=SCHEDULE,
)
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**_kwargs: Any) -> None:
    """Do nothing: that a receiver exists keeps Celery from setting up logs of its own."""


@worker_ready.connect
def _look_up_every_second(sender: Any, **_kwargs: Any) -> None:
    """Wake the loop of a waiting worker, which notices only then that it was asked to end."""
    sender.timer.call_repeatedly(1.0, lambda: None)
