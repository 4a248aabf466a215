"""Bound what a key may post, from where, and how often."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import ledger.parties.models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0008_archive_acts'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='sources',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, null=True, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='networks',
            field=django.contrib.postgres.fields.ArrayField(base_field=ledger.parties.models.NetworkField(), blank=True, null=True, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='requests_per_minute',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('sources', None), ('sources__len__gt', 0), _connector='OR'), name='ledger_api_key_sources_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('networks', None), ('networks__len__gt', 0), _connector='OR'), name='ledger_api_key_networks_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('requests_per_minute__range', (1, 100000))), name='ledger_api_key_requests_per_minute_range'),
        ),
        migrations.CreateModel(
            name='RequestAllowance',
            fields=[
                ('api_key', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='ledger.apikey')),
                ('spent_until', models.BigIntegerField()),
            ],
            options={
                'db_table': 'ledger_request_allowance',
            },
        ),
        migrations.RunSQL(
            sql=(HERE / "0009_key_bounds.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0009_key_bounds_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
