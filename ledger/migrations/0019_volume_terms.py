"""Volume terms of an agreement: tiers, discounts, a minimum."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0018_proposals'),
    ]

    operations = [
        migrations.AddField(
            model_name='agreementversion',
            name='volume_terms',
            field=models.JSONField(blank=True, null=True),
        ),
    ]
