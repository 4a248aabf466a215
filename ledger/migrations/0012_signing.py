"""Give keys signing secrets, and remember what was signed so that it is not taken twice."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0011_payload_needed'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='signing_secret',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='previous_signing_secret',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='signing_secret_issued_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('previous_signing_secret', None), ('signing_secret', None), ('signing_secret_issued_at', None)), models.Q(('signing_secret__isnull', False), ('signing_secret_issued_at__isnull', False)), _connector='OR'), name='ledger_api_key_signing_secret_whole'),
        ),
        migrations.CreateModel(
            name='SignedRequest',
            fields=[
                ('pk', models.CompositePrimaryKey('api_key_id', 'webhook_id', 'signed_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('api_key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.apikey')),
                ('webhook_id', models.TextField()),
                ('signed_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'ledger_signed_request',
                'indexes': [models.Index(fields=['signed_at'], name='ledger_signed_request_time')],
            },
        ),
    ]
