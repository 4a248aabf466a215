"""Map what sources call consumers and deployments, and keep what they wrote beside what it meant."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0004_set_aside_detail'),
    ]

    operations = [
        migrations.AddField(
            model_name='setaside',
            name='source',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.source'),
        ),
        migrations.CreateModel(
            name='SourceName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('withdrawn', models.BooleanField(default=False)),
                ('source', models.TextField(blank=True, default='')),
                ('kind', models.TextField(choices=[('consumer', 'Consumer'), ('deployment', 'Deployment')])),
                ('name', models.TextField(blank=True)),
                ('project', models.TextField(blank=True, default='')),
                ('consumer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
                ('deployment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.deployment')),
                ('provenance', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.party')),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication')),
            ],
            options={
                'db_table': 'ledger_source_name',
                'constraints': [models.UniqueConstraint(fields=('provider', 'source', 'kind', 'name', 'valid_from', 'revision'), name='ledger_source_name_version_uniq'), models.CheckConstraint(condition=models.Q(('kind__in', ['consumer', 'deployment'])), name='ledger_source_name_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('consumer__isnull', True), ('deployment__isnull', True), ('project', ''), ('withdrawn', True)), models.Q(('consumer__isnull', False), ('deployment__isnull', True), ('kind', 'consumer'), ('withdrawn', False)), models.Q(('consumer__isnull', True), ('deployment__isnull', False), ('kind', 'deployment'), ('project', ''), ('withdrawn', False)), _connector='OR'), name='ledger_source_name_one_target')],
            },
        ),
        migrations.RunSQL(
            sql=(HERE / "0005_source_names.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0005_source_names_reverse.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.AddField(
                    model_name='usageentry', name='written', field=models.JSONField(null=True)
                ),
            ],
        ),
    ]
