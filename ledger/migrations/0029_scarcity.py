"""Scarcity policies, published loads, and deployment terms that name a policy."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0028_agreed_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='DeploymentLoad',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('withdrawn', models.BooleanField(default=False)),
                ('load', models.DecimalField(decimal_places=12, max_digits=28)),
            ],
            options={
                'db_table': 'ledger_deployment_load',
            },
        ),
        migrations.CreateModel(
            name='ScarcityPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('withdrawn', models.BooleanField(default=False)),
                ('code', models.TextField()),
                ('terms', models.JSONField()),
            ],
            options={
                'verbose_name_plural': 'scarcity policies',
                'db_table': 'ledger_scarcity_policy',
            },
        ),
        migrations.AddField(
            model_name='deploymentterms',
            name='scarcity_policy',
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='deploymentterms',
            name='scarcity_factor',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddConstraint(
            model_name='deploymentterms',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('scarcity_factor__isnull', False), ('scarcity_policy__isnull', True)), models.Q(('scarcity_factor__isnull', True), ('scarcity_policy__isnull', False)), _connector='OR'), name='ledger_deployment_terms_one_scarcity'),
        ),
        migrations.AddField(
            model_name='deploymentload',
            name='deployment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.deployment'),
        ),
        migrations.AddField(
            model_name='deploymentload',
            name='provenance',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance'),
        ),
        migrations.AddField(
            model_name='deploymentload',
            name='publication',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication'),
        ),
        migrations.AddField(
            model_name='scarcitypolicy',
            name='provenance',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance'),
        ),
        migrations.AddField(
            model_name='scarcitypolicy',
            name='publication',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication'),
        ),
        migrations.AddConstraint(
            model_name='deploymentload',
            constraint=models.UniqueConstraint(fields=('deployment', 'valid_from', 'revision'), name='ledger_deployment_load_version_uniq'),
        ),
        migrations.AddConstraint(
            model_name='scarcitypolicy',
            constraint=models.UniqueConstraint(fields=('code', 'valid_from', 'revision'), name='ledger_scarcity_policy_version_uniq'),
        ),
        migrations.RunSQL(
            sql=(HERE / "0029_scarcity.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0029_scarcity_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
