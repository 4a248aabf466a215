"""An owned GPU-hour states what its price is made from."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0021_certificates'),
    ]

    operations = [
        migrations.AddField(
            model_name='gpuhourprice',
            name='availability',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='gpuhourprice',
            name='capex',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='gpuhourprice',
            name='capital_cost',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='gpuhourprice',
            name='life_years',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='gpuhourprice',
            name='opex_per_hour',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AlterField(
            model_name='gpuhourprice',
            name='method',
            field=models.TextField(choices=[('rental', 'Rental'), ('owned', 'Owned')]),
        ),
        migrations.AlterField(
            model_name='gpuhourprice',
            name='price',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddConstraint(
            model_name='gpuhourprice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('availability__isnull', True), ('capex__isnull', True), ('capital_cost__isnull', True), ('life_years__isnull', True), ('opex_per_hour__isnull', True), ('price__isnull', False)), models.Q(('availability__isnull', False), ('capex__isnull', False), ('capital_cost__isnull', False), ('includes_energy', False), ('life_years__isnull', False), ('method', 'owned'), ('opex_per_hour__isnull', False), ('price__isnull', True)), _connector='OR'), name='ledger_gpu_hour_price_price_or_parts'),
        ),
    ]
