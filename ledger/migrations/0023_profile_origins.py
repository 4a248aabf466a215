"""Watts beside the GPU may be unknown where they are not needed; a benchmark's division has a source of its own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0022_gpu_hour_parts'),
    ]

    operations = [
        migrations.AddField(
            model_name='benchmark',
            name='split_provenance',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.provenance'),
        ),
        migrations.AlterField(
            model_name='servingprofile',
            name='host_watts_per_gpu',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AlterField(
            model_name='servingprofile',
            name='idle_watts_per_gpu',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddConstraint(
            model_name='servingprofile',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('boundary', 'gpu'), _negated=True), models.Q(('host_watts_per_gpu__isnull', False), ('idle_watts_per_gpu__isnull', False)), _connector='OR'), name='ledger_serving_profile_gpu_has_watts'),
        ),
    ]
