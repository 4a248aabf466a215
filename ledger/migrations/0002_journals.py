"""The register of identities and the usage journal, partitioned by month."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0002_journals.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0002_journals_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
