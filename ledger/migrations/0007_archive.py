"""What is recorded of months that leave the usage journal, and of their coming back."""

import django.contrib.postgres.fields
import django.db.models.deletion
import ledger.rating.archive.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0006_coverage'),
    ]

    operations = [
        migrations.CreateModel(
            name='ArchivedMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rows', models.BigIntegerField()),
                ('events', models.BigIntegerField()),
                ('input', models.DecimalField(decimal_places=0, max_digits=38)),
                ('cache_read', models.DecimalField(decimal_places=0, max_digits=38)),
                ('cache_write_5m', models.DecimalField(decimal_places=0, max_digits=38)),
                ('cache_write_1h', models.DecimalField(decimal_places=0, max_digits=38)),
                ('output', models.DecimalField(decimal_places=0, max_digits=38)),
                ('reasoning', models.DecimalField(decimal_places=0, max_digits=38)),
                ('audio_input', models.DecimalField(decimal_places=0, max_digits=38)),
                ('audio_output', models.DecimalField(decimal_places=0, max_digits=38)),
                ('image_input', models.DecimalField(decimal_places=0, max_digits=38)),
                ('gpu_nanoseconds', models.DecimalField(decimal_places=0, max_digits=38)),
                ('energy_microjoules', models.DecimalField(decimal_places=0, max_digits=38)),
                ('co2_location_nanograms', models.DecimalField(decimal_places=0, max_digits=38)),
                ('co2_market_nanograms', models.DecimalField(decimal_places=0, max_digits=38)),
                ('compute', models.DecimalField(decimal_places=0, max_digits=38)),
                ('energy', models.DecimalField(decimal_places=0, max_digits=38)),
                ('green', models.DecimalField(decimal_places=0, max_digits=38)),
                ('scarcity', models.DecimalField(decimal_places=0, max_digits=38)),
                ('margin', models.DecimalField(decimal_places=0, max_digits=38)),
                ('fee_provider', models.DecimalField(decimal_places=0, max_digits=38)),
                ('fee_consumer', models.DecimalField(decimal_places=0, max_digits=38)),
                ('month', models.DateField()),
                ('columns', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('file_name', models.TextField()),
                ('sha256', models.TextField()),
                ('digest', models.DecimalField(decimal_places=0, max_digits=38)),
                ('rollup_digest', models.DecimalField(decimal_places=0, max_digits=38)),
                ('archived_at', models.DateTimeField()),
                ('archived_by', models.TextField()),
            ],
            options={
                'db_table': 'ledger_archived_month',
            },
        ),
        migrations.CreateModel(
            name='ArchivedUsage',
            fields=[
                ('agreement_version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.agreementversion')),
                ('archive', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='usage', to='ledger.archivedmonth')),
                ('consumer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
                ('deployment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.deployment')),
                ('journal_entry', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journalentry')),
                ('provider', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
                ('rows', models.BigIntegerField()),
                ('events', models.BigIntegerField()),
                ('input', models.DecimalField(decimal_places=0, max_digits=38)),
                ('cache_read', models.DecimalField(decimal_places=0, max_digits=38)),
                ('cache_write_5m', models.DecimalField(decimal_places=0, max_digits=38)),
                ('cache_write_1h', models.DecimalField(decimal_places=0, max_digits=38)),
                ('output', models.DecimalField(decimal_places=0, max_digits=38)),
                ('reasoning', models.DecimalField(decimal_places=0, max_digits=38)),
                ('audio_input', models.DecimalField(decimal_places=0, max_digits=38)),
                ('audio_output', models.DecimalField(decimal_places=0, max_digits=38)),
                ('image_input', models.DecimalField(decimal_places=0, max_digits=38)),
                ('gpu_nanoseconds', models.DecimalField(decimal_places=0, max_digits=38)),
                ('energy_microjoules', models.DecimalField(decimal_places=0, max_digits=38)),
                ('co2_location_nanograms', models.DecimalField(decimal_places=0, max_digits=38)),
                ('co2_market_nanograms', models.DecimalField(decimal_places=0, max_digits=38)),
                ('compute', models.DecimalField(decimal_places=0, max_digits=38)),
                ('energy', models.DecimalField(decimal_places=0, max_digits=38)),
                ('green', models.DecimalField(decimal_places=0, max_digits=38)),
                ('scarcity', models.DecimalField(decimal_places=0, max_digits=38)),
                ('margin', models.DecimalField(decimal_places=0, max_digits=38)),
                ('fee_provider', models.DecimalField(decimal_places=0, max_digits=38)),
                ('fee_consumer', models.DecimalField(decimal_places=0, max_digits=38)),
                ('pk', models.CompositePrimaryKey('journal_entry', 'archive', 'consumer', 'provider', 'deployment', 'agreement_version', 'currency', blank=True, editable=False, primary_key=True, serialize=False)),
                ('currency', models.TextField()),
            ],
            options={
                'verbose_name_plural': 'archived usage',
                'db_table': 'ledger_archived_usage',
            },
        ),
        migrations.CreateModel(
            name='ArchivedBatch',
            fields=[
                ('archive', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='ledger.archivedmonth')),
                ('pk', models.CompositePrimaryKey('batch', 'archive', blank=True, editable=False, primary_key=True, serialize=False)),
                ('events', models.IntegerField()),
                ('batch_rows', ledger.rating.archive.models.RowRanges()),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.usagebatch')),
            ],
            options={
                'verbose_name_plural': 'archived batches',
                'db_table': 'ledger_archived_batch',
            },
        ),
        migrations.CreateModel(
            name='RestoredMonth',
            fields=[
                ('archive', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='restored', serialize=False, to='ledger.archivedmonth')),
                ('origin', models.TextField(choices=[('table', 'Table'), ('file', 'File')])),
                ('restored_at', models.DateTimeField()),
                ('restored_by', models.TextField()),
            ],
            options={
                'db_table': 'ledger_restored_month',
            },
        ),
        migrations.AddIndex(
            model_name='archivedmonth',
            index=models.Index(fields=['month'], name='ledger_archived_month_month'),
        ),
        migrations.AddConstraint(
            model_name='archivedmonth',
            constraint=models.CheckConstraint(condition=models.Q(('rows__gt', 0)), name='ledger_archived_month_rows_positive'),
        ),
        migrations.AddConstraint(
            model_name='archivedmonth',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='ledger_archived_month_sha256_hex'),
        ),
        migrations.AddConstraint(
            model_name='restoredmonth',
            constraint=models.CheckConstraint(condition=models.Q(('origin__in', ['table', 'file'])), name='ledger_restored_month_origin_known'),
        ),
    ]
