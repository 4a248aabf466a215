from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """What was used, what it costs and where it stands in the books."""

    name = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
