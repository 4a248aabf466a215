from django.apps import AppConfig


class SettlementConfig(AppConfig):
    """Who owes whom what, how it moves, and what each party is told."""

    name = "settlement"
    default_auto_field = "django.db.models.BigAutoField"
