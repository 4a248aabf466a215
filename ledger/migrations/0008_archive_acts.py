"""How a month leaves the usage journal and comes back: one function each, and what they refuse."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_archive")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0008_archive_acts.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0008_archive_acts_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
