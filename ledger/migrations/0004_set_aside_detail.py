"""Say of a set-aside event what is wrong with it, where a name of what it lacks is not enough."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_refusals'),
    ]

    operations = [
        migrations.AddField(
            model_name='setaside',
            name='detail',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
    ]
