"""Deployment terms may state how many GPUs stand ready."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0030_market_prices'),
    ]

    operations = [
        migrations.AddField(
            model_name='deploymentterms',
            name='gpu_count',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='deploymentterms',
            constraint=models.CheckConstraint(condition=models.Q(('gpu_count__gt', 0)), name='ledger_deployment_terms_gpu_count_positive'),
        ),
    ]
