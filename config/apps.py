from django.apps import AppConfig

# Made as soon as Django starts, so that shared tasks find their app in every process.
from config.celery import app as celery_app

__all__ = ["ClearwattConfig", "celery_app"]


class ClearwattConfig(AppConfig):
    """The machine room: settings, processes and the commands that start them."""

    name = "config"
    verbose_name = "Clearwatt"
