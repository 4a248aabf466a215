"""Proposals: documents that would move prices, for a second person."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0017_service_tier'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.JSONField()),
                ('document_sha256', models.TextField()),
                ('note', models.TextField(blank=True, default='')),
                ('changes', models.JSONField()),
                ('changes_sha256', models.TextField()),
                ('effects', models.JSONField()),
                ('proposed_at', models.DateTimeField()),
                ('state', models.TextField(choices=[('open', 'Open'), ('published', 'Published'), ('refused', 'Refused')], default='open')),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('publication', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.publication')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('document_sha256',), name='ledger_proposal_document_open_uniq'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'published'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='ledger_proposal_second_person'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('publication__isnull', True), ('state', 'open')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('publication__isnull', True), ('state', 'refused')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('publication__isnull', False), ('state', 'published')), _connector='OR'), name='ledger_proposal_decision_whole')],
            },
        ),
        migrations.RunSQL(
            sql=(HERE / "0018_proposals.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0018_proposals_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
