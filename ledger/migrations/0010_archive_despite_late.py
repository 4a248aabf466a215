"""Events that come while their month is being archived wait for it, and do not stop it."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_key_bounds")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0010_archive_despite_late.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0010_archive_despite_late_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
