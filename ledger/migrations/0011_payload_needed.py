"""A batch keeps its payload as long as something of it is to be rated."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0010_archive_despite_late")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0011_payload_needed.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0011_payload_needed_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
