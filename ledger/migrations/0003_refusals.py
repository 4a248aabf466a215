"""What the database refuses: changes to journals, entries out of balance, closed periods."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_journals")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0003_refusals.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0003_refusals_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
