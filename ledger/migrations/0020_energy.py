"""The energy books: meter readings, utility bills, true-ups."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0019_volume_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='EnergyTrueUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField()),
                ('run', models.IntegerField()),
                ('facility_kwh', models.DecimalField(decimal_places=6, max_digits=20)),
                ('it_kwh', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('gpu_busy_hours', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('gpu_available_hours', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('last_reading_id', models.BigIntegerField()),
                ('last_bill_id', models.BigIntegerField()),
                ('notes', models.JSONField()),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.TextField()),
                ('journal_entry', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journalentry')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.site')),
            ],
            options={
                'verbose_name': 'energy true-up',
                'db_table': 'ledger_energy_true_up',
            },
        ),
        migrations.CreateModel(
            name='EnergyShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('commodity', models.TextField()),
                ('booked', models.DecimalField(decimal_places=12, max_digits=38)),
                ('variance', models.DecimalField(decimal_places=12, max_digits=38)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
                ('true_up', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='ledger.energytrueup')),
            ],
            options={
                'db_table': 'ledger_energy_share',
            },
        ),
        migrations.CreateModel(
            name='EnergyVariance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('part', models.TextField()),
                ('commodity', models.TextField()),
                ('amount', models.DecimalField(decimal_places=12, max_digits=38)),
                ('true_up', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='variances', to='ledger.energytrueup')),
            ],
            options={
                'db_table': 'ledger_energy_variance',
            },
        ),
        migrations.CreateModel(
            name='MeterReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.TextField(choices=[('facility', 'Facility, kWh'), ('it', 'IT, kWh'), ('gpu_busy', 'GPUs busy, hours'), ('gpu_available', 'GPUs available, hours')])),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('quantity', models.DecimalField(decimal_places=6, max_digits=20)),
                ('grade', models.TextField(choices=[('O', 'Official'), ('M', 'Measured'), ('P', 'Policy'), ('D', 'Derived'), ('I', 'Illustrative')])),
                ('source', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.TextField()),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.site')),
            ],
            options={
                'db_table': 'ledger_meter_reading',
            },
        ),
        migrations.CreateModel(
            name='EnergyBill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.TextField()),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField()),
                ('kwh', models.DecimalField(decimal_places=6, max_digits=20)),
                ('amount', models.DecimalField(decimal_places=12, max_digits=38)),
                ('currency', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.TextField()),
                ('journal_entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journalentry')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.site')),
            ],
            options={
                'db_table': 'ledger_energy_bill',
                'constraints': [models.UniqueConstraint(fields=('site', 'document'), name='ledger_energy_bill_site_document_uniq')],
            },
        ),
        migrations.AddConstraint(
            model_name='energytrueup',
            constraint=models.UniqueConstraint(fields=('site', 'starts_on', 'run'), name='ledger_energy_true_up_site_month_run_uniq'),
        ),
        migrations.AddConstraint(
            model_name='energyshare',
            constraint=models.UniqueConstraint(fields=('true_up', 'provider', 'commodity'), name='ledger_energy_share_provider_uniq'),
        ),
        migrations.AddConstraint(
            model_name='energyvariance',
            constraint=models.UniqueConstraint(fields=('true_up', 'part', 'commodity'), name='ledger_energy_variance_part_uniq'),
        ),
        migrations.AddConstraint(
            model_name='meterreading',
            constraint=models.UniqueConstraint(fields=('site', 'kind', 'starts_at', 'ends_at', 'revision'), name='ledger_meter_reading_interval_revision_uniq'),
        ),
        migrations.RunSQL(
            sql=(HERE / "0020_energy.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0020_energy_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
