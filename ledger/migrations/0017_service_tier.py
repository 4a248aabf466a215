"""Name the service tier of usage entries and of price rates."""

from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0016_entry_kinds")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0017_service_tier.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0017_service_tier_reverse.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.AddField(
                    model_name="usageentry", name="service_tier", field=models.TextField()
                ),
                migrations.AddField(
                    model_name="pricerate",
                    name="service_tier",
                    field=models.TextField(default="standard", db_default="standard"),
                ),
            ],
        )
    ]
