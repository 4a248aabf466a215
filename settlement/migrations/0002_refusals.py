"""What the database refuses: approvals by the maker, changes to what is calculated or approved."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial"), ("ledger", "0003_refusals")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0002_refusals.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0002_refusals_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
