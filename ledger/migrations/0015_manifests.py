"""Manifests: what a source states that it sent, by window."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0014_correction_refusals'),
    ]

    operations = [
        migrations.CreateModel(
            name='Manifest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('posted_at', models.DateTimeField()),
                ('events', models.BigIntegerField()),
                ('input', models.BigIntegerField(null=True)),
                ('cache_read', models.BigIntegerField(null=True)),
                ('cache_write_5m', models.BigIntegerField(null=True)),
                ('cache_write_1h', models.BigIntegerField(null=True)),
                ('output', models.BigIntegerField(null=True)),
                ('reasoning', models.BigIntegerField(null=True)),
                ('audio_input', models.BigIntegerField(null=True)),
                ('audio_output', models.BigIntegerField(null=True)),
                ('image_input', models.BigIntegerField(null=True)),
                ('first_sequence', models.BigIntegerField(null=True)),
                ('last_sequence', models.BigIntegerField(null=True)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.source')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'starts_at', 'ends_at', 'revision'), name='ledger_manifest_window_revision_uniq')],
            },
        ),
        migrations.RunSQL(
            sql=(HERE / "0015_manifests.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0015_manifests_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
