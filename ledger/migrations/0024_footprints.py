"""Embodied emissions and water: what is known of accelerators, sites and grids, and what a token takes of them."""

from pathlib import Path

import django.db.models.deletion
import django.contrib.postgres.fields
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0023_profile_origins'),
    ]

    operations = [
        migrations.CreateModel(
            name='HardwareVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('withdrawn', models.BooleanField(default=False)),
                ('embodied_kg_co2e', models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True)),
                ('embodied_life_years', models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True)),
                ('memory_gb_per_second', models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True)),
                ('hardware', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.hardware')),
                ('provenance', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance')),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication')),
            ],
            options={
                'db_table': 'ledger_hardware_version',
            },
        ),
        migrations.CreateModel(
            name='SiteWue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('withdrawn', models.BooleanField(default=False)),
                ('litres_per_kwh', models.DecimalField(decimal_places=12, max_digits=28)),
                ('provenance', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance')),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.site')),
            ],
            options={
                'verbose_name': 'site WUE',
                'db_table': 'ledger_site_wue',
            },
        ),
        migrations.CreateModel(
            name='WaterFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateTimeField()),
                ('revision', models.IntegerField()),
                ('withdrawn', models.BooleanField(default=False)),
                ('zone', models.TextField()),
                ('litres_per_kwh', models.DecimalField(decimal_places=12, max_digits=28)),
                ('provenance', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance')),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication')),
            ],
            options={
                'db_table': 'ledger_water_factor',
            },
        ),
        migrations.AddField(
            model_name='slotrate',
            name='embodied_nanograms',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(null=True), null=True, size=None),
        ),
        migrations.AddField(
            model_name='slotrate',
            name='water_nanolitres',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(null=True), null=True, size=None),
        ),
        migrations.AlterField(
            model_name='carbonfactor',
            name='basis',
            field=models.TextField(choices=[('co2', 'Co2'), ('co2e_direct', 'Co2E Direct'), ('co2e_lifecycle', 'Co2E Lifecycle')]),
        ),
        migrations.AlterField(
            model_name='carbonfactor',
            name='method',
            field=models.TextField(choices=[('location', 'Location'), ('residual', 'Residual'), ('marginal', 'Marginal')]),
        ),
        migrations.AddConstraint(
            model_name='hardwareversion',
            constraint=models.UniqueConstraint(fields=('hardware', 'valid_from', 'revision'), name='ledger_hardware_version_version_uniq'),
        ),
        migrations.AddConstraint(
            model_name='hardwareversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('embodied_kg_co2e__isnull', True), ('embodied_life_years__isnull', True)), models.Q(('embodied_kg_co2e__gte', 0), ('embodied_life_years__gt', 0)), _connector='OR'), name='ledger_hardware_version_embodied_over_life'),
        ),
        migrations.AddConstraint(
            model_name='sitewue',
            constraint=models.UniqueConstraint(fields=('site', 'valid_from', 'revision'), name='ledger_site_wue_version_uniq'),
        ),
        migrations.AddConstraint(
            model_name='waterfactor',
            constraint=models.UniqueConstraint(fields=('zone', 'valid_from', 'revision'), name='ledger_water_factor_version_uniq'),
        ),
        migrations.RunSQL(
            sql=(HERE / "0024_footprints.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0024_footprints_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
