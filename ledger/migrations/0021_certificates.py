"""Certificates: lots, their stock, and what was claimed of them."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0020_energy'),
    ]

    operations = [
        migrations.CreateModel(
            name='CertificateLot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.TextField(unique=True)),
                ('kind', models.TextField(choices=[('GEC', 'Green electricity certificate'), ('GC', 'Granular certificate'), ('IREC', 'I-REC')])),
                ('zone', models.TextField()),
                ('technology', models.TextField()),
                ('vintage', models.IntegerField()),
                ('produced_from', models.DateTimeField()),
                ('produced_to', models.DateTimeField()),
                ('watt_hours', models.BigIntegerField()),
                ('price_per_mwh', models.DecimalField(decimal_places=12, max_digits=28)),
                ('currency', models.TextField()),
                ('issuer', models.TextField()),
                ('serial_first', models.TextField()),
                ('serial_last', models.TextField()),
                ('provenance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
            ],
            options={
                'db_table': 'ledger_certificate_lot',
            },
        ),
        migrations.CreateModel(
            name='CertificateRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField()),
                ('run', models.IntegerField()),
                ('consumed_microjoules', models.DecimalField(decimal_places=0, max_digits=38)),
                ('green_microjoules', models.DecimalField(decimal_places=12, max_digits=38)),
                ('unmatched_grams', models.DecimalField(decimal_places=12, max_digits=38)),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.TextField()),
                ('journal_entry', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journalentry')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.site')),
            ],
            options={
                'db_table': 'ledger_certificate_run',
            },
        ),
        migrations.CreateModel(
            name='CertificateMatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slot_starts_at', models.DateTimeField()),
                ('watt_hours', models.BigIntegerField()),
                ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.certificatelot')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='ledger.certificaterun')),
            ],
            options={
                'verbose_name_plural': 'certificate matches',
                'db_table': 'ledger_certificate_match',
            },
        ),
        migrations.CreateModel(
            name='CertificateCancellation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('watt_hours', models.BigIntegerField()),
                ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.certificatelot')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cancellations', to='ledger.certificaterun')),
            ],
            options={
                'db_table': 'ledger_certificate_cancellation',
            },
        ),
        migrations.CreateModel(
            name='CertificateStock',
            fields=[
                ('lot', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='stock', serialize=False, to='ledger.certificatelot')),
                ('received_watt_hours', models.BigIntegerField()),
                ('cancelled_watt_hours', models.BigIntegerField(default=0)),
                ('received_at', models.DateTimeField()),
                ('journal_entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journalentry')),
            ],
            options={
                'verbose_name_plural': 'certificate stock',
                'db_table': 'ledger_certificate_stock',
            },
        ),
        migrations.AddConstraint(
            model_name='certificatelot',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['GEC', 'GC', 'IREC'])), name='ledger_certificate_lot_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='certificatelot',
            constraint=models.CheckConstraint(condition=models.Q(('watt_hours__gt', 0)), name='ledger_certificate_lot_watt_hours_positive'),
        ),
        migrations.AddConstraint(
            model_name='certificatelot',
            constraint=models.CheckConstraint(condition=models.Q(('produced_to__gt', models.F('produced_from'))), name='ledger_certificate_lot_production_forward'),
        ),
        migrations.AddConstraint(
            model_name='certificaterun',
            constraint=models.UniqueConstraint(fields=('site', 'provider', 'starts_on', 'run'), name='ledger_certificate_run_month_run_uniq'),
        ),
        migrations.AddConstraint(
            model_name='certificatematch',
            constraint=models.UniqueConstraint(fields=('run', 'slot_starts_at', 'lot'), name='ledger_certificate_match_slot_lot_uniq'),
        ),
        migrations.AddConstraint(
            model_name='certificatematch',
            constraint=models.CheckConstraint(condition=models.Q(('watt_hours__gt', 0)), name='ledger_certificate_match_watt_hours_positive'),
        ),
        migrations.AddConstraint(
            model_name='certificatecancellation',
            constraint=models.UniqueConstraint(fields=('run', 'lot'), name='ledger_certificate_cancellation_lot_uniq'),
        ),
        migrations.AddConstraint(
            model_name='certificatecancellation',
            constraint=models.CheckConstraint(condition=models.Q(('watt_hours__gt', 0)), name='ledger_certificate_cancellation_watt_hours_positive'),
        ),
        migrations.AddConstraint(
            model_name='certificatestock',
            constraint=models.CheckConstraint(condition=models.Q(('cancelled_watt_hours__gte', 0), ('cancelled_watt_hours__lte', models.F('received_watt_hours'))), name='ledger_certificate_stock_never_negative'),
        ),
        migrations.RunSQL(
            sql=(HERE / "0021_certificates.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0021_certificates_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
