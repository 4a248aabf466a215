"""What the database refuses of corrections: changes to what was asked, and to what came of it."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0013_corrections")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0014_correction_refusals.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0014_correction_refusals_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
