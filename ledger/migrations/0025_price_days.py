"""Market prices of electricity, by local day."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0024_footprints'),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('series', models.TextField()),
                ('day', models.DateField()),
                ('revision', models.IntegerField()),
                ('time_zone', models.TextField()),
                ('currency', models.TextField()),
                ('resolution_minutes', models.IntegerField()),
                ('prices', models.JSONField()),
                ('provenance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance')),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication')),
            ],
            options={
                'db_table': 'ledger_price_day',
            },
        ),
        migrations.AddConstraint(
            model_name='priceday',
            constraint=models.UniqueConstraint(fields=('series', 'day', 'revision'), name='ledger_price_day_version_uniq'),
        ),
        migrations.AddConstraint(
            model_name='priceday',
            constraint=models.CheckConstraint(condition=models.Q(('resolution_minutes__in', (15, 30, 60))), name='ledger_price_day_resolution_known'),
        ),
        migrations.RunSQL(
            sql=(HERE / "0025_price_days.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0025_price_days_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
