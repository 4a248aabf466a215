"""What agreements change of rate cards and ask of figures; compared prices and grades of rates."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0027_rerating_refusals")]

    operations = [
        migrations.AddField(
            model_name="agreementversion",
            name="least_grade",
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agreementversion",
            name="overrides",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="agreementversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("least_grade__isnull", True),
                    ("least_grade__in", ["O", "M", "P", "D", "I"]),
                    _connector="OR",
                ),
                name="ledger_agreement_version_least_grade_known",
            ),
        ),
        migrations.AddField(
            model_name="pricerate",
            name="compared_price",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(null=True), null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="pricerate", name="grade", field=models.TextField(null=True)
        ),
        migrations.AddField(
            model_name="pricerate",
            name="grade_shares",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(), null=True, size=None
            ),
        ),
    ]
