"""What the database refuses of re-rating, and that a usage entry is taken back once at most."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0026_reratings")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0027_rerating_refusals.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0027_rerating_refusals_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
