"""Coverage: what arrived of each source and quarter hour, beside each batch."""

from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_source_names")]

    operations = [
        migrations.RunSQL(
            sql=(HERE / "0006_coverage.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0006_coverage_reverse.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.CreateModel(
                    name="Coverage",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "batch_id",
                                "source_id",
                                "slot_starts_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("batch_id", models.BigIntegerField()),
                        ("source_id", models.BigIntegerField()),
                        ("slot_starts_at", models.DateTimeField()),
                        ("received_at", models.DateTimeField()),
                        ("events", models.IntegerField()),
                        ("findings", models.IntegerField()),
                        ("numbered", models.IntegerField()),
                        ("input", models.BigIntegerField()),
                        ("cache_read", models.BigIntegerField()),
                        ("cache_write_5m", models.BigIntegerField()),
                        ("cache_write_1h", models.BigIntegerField()),
                        ("output", models.BigIntegerField()),
                        ("reasoning", models.BigIntegerField()),
                        ("audio_input", models.BigIntegerField()),
                        ("audio_output", models.BigIntegerField()),
                        ("image_input", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "ledger_coverage",
                        "verbose_name_plural": "coverage",
                        "managed": False,
                    },
                ),
                migrations.AddField(
                    model_name="usagebatch",
                    name="covered",
                    field=models.BooleanField(db_default=True, default=True),
                ),
            ],
        ),
    ]
