"""Public list prices, kept for comparison."""

from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0029_scarcity'),
    ]

    operations = [
        migrations.CreateModel(
            name='MarketPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.TextField()),
                ('source_version', models.TextField()),
                ('taken_at', models.DateTimeField()),
                ('vendor', models.TextField()),
                ('model', models.TextField()),
                ('token_class', models.TextField()),
                ('valid_from', models.DateField()),
                ('currency', models.TextField()),
                ('price_per_million', models.DecimalField(decimal_places=12, max_digits=28)),
            ],
            options={
                'db_table': 'ledger_market_price',
                'constraints': [models.UniqueConstraint(fields=('source', 'source_version', 'vendor', 'model', 'token_class', 'valid_from'), name='ledger_market_price_listing_uniq'), models.CheckConstraint(condition=models.Q(('price_per_million__gte', 0)), name='ledger_market_price_price_not_negative')],
            },
        ),
        migrations.RunSQL(
            sql=(HERE / "0030_market_prices.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0030_market_prices_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
