"""True-ups: what volume terms add to a period, with what they were made from."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0019_volume_terms'),
        ('settlement', '0003_line_kinds'),
    ]

    operations = [
        migrations.CreateModel(
            name='TrueUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.TextField()),
                ('through_entry', models.BigIntegerField()),
                ('inputs', models.JSONField()),
                ('volume', models.DecimalField(decimal_places=12, max_digits=38)),
                ('discount', models.DecimalField(decimal_places=12, max_digits=38)),
                ('commitment', models.DecimalField(decimal_places=12, max_digits=38)),
                ('fee_consumer', models.DecimalField(decimal_places=12, max_digits=38)),
                ('fee_provider', models.DecimalField(decimal_places=12, max_digits=38)),
                ('working', models.JSONField()),
                ('digest', models.TextField()),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.agreement')),
                ('agreement_version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.agreementversion')),
                ('booked_period', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.period')),
                ('journal_entry', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.journalentry')),
                ('period', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.period')),
            ],
            options={
                'verbose_name': 'true-up',
                'db_table': 'settlement_true_up',
                'constraints': [models.UniqueConstraint(fields=('agreement', 'period', 'currency', 'booked_period'), name='settlement_true_up_period_booked_uniq'), models.CheckConstraint(condition=models.Q(('discount__lte', 0)), name='settlement_true_up_discount_sign'), models.CheckConstraint(condition=models.Q(('commitment__gte', 0)), name='settlement_true_up_commitment_sign')],
            },
        ),
        migrations.RunSQL(
            sql=(HERE / "0004_true_ups.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0004_true_ups_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
