"""Statement lines say what they sum: usage, corrections or true-ups."""

from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("settlement", "0002_refusals")]

    operations = [
        migrations.RemoveConstraint(
            model_name="statementline",
            name="settlement_statement_line_position_deployment_uniq",
        ),
        migrations.RunSQL(
            sql=(HERE / "0003_line_kinds.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0003_line_kinds_reverse.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.AddField(
                    model_name="statementline",
                    name="kind",
                    field=models.TextField(
                        choices=[
                            ("usage", "Usage"),
                            ("correction", "Correction"),
                            ("true_up", "True Up"),
                        ],
                    ),
                    preserve_default=False,
                )
            ],
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(
                fields=("position", "kind", "deployment", "prior_period"),
                name="settlement_statement_line_position_deployment_uniq",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("deployment__isnull", False), ("kind", "usage")),
                    models.Q(
                        ("deployment__isnull", True), ("kind__in", ["correction", "true_up"])
                    ),
                    _connector="OR",
                ),
                name="settlement_statement_line_kind_deployment",
            ),
        ),
    ]
