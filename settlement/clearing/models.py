"""A settlement: what a month's books say that everybody owes, who made it and who approved it."""

from decimal import Decimal

from django.conf import settings
from django.db import models

AMOUNT_DIGITS = 38
AMOUNT_DECIMALS = 12


def _amount() -> "models.DecimalField[Decimal, Decimal]":
    """Return a column for money, joules or grams, as exact as the books."""
    return models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)


class Settlement(models.Model):
    """One clearing run of one month in one currency: starts_on <= accounting date < ends_on.

    `input_hash` binds what was calculated: an approval names it.
    """

    class State(models.TextChoices):
        CALCULATED = "calculated"
        APPROVED = "approved"
        VOID = "void"

    starts_on = models.DateField()
    ends_on = models.DateField()
    currency = models.TextField()
    state = models.TextField(choices=State, default=State.CALCULATED)
    input_hash = models.TextField()
    calculated_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="settlement_settlement_month_currency_uniq",
                fields=["starts_on", "currency"],
                condition=~models.Q(state="void"),
            ),
            models.CheckConstraint(
                name="settlement_settlement_state_known",
                condition=models.Q(state__in=["calculated", "approved", "void"]),
            ),
            models.CheckConstraint(
                name="settlement_settlement_span_forward",
                condition=models.Q(ends_on__gt=models.F("starts_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"settlement {self.pk}: {self.starts_on:%Y-%m} {self.currency}"


class Position(models.Model):
    """What one agreement comes to: exact on the left, rounded to the minor unit on the right.

    carried_consumer + price + fee_consumer = consumer_due + consumer_residue, and
    carried_provider + price - fee_provider = provider_due + provider_residue.
    Positive is what the consumer owes and what the provider is owed.
    """

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="positions")
    agreement = models.ForeignKey("ledger.Agreement", on_delete=models.PROTECT, related_name="+")
    period = models.ForeignKey("ledger.Period", on_delete=models.PROTECT, related_name="+")
    entries = models.IntegerField()
    price = _amount()
    fee_consumer = _amount()
    fee_provider = _amount()
    carried_consumer = _amount()
    carried_provider = _amount()
    consumer_due = _amount()
    provider_due = _amount()
    platform_fee = _amount()
    rounding = _amount()
    consumer_residue = _amount()
    provider_residue = _amount()
    journal_entry = models.OneToOneField(
        "ledger.JournalEntry", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="settlement_position_agreement_period_uniq",
                fields=["settlement", "agreement", "period"],
            ),
            models.CheckConstraint(
                name="settlement_position_consumer_adds_up",
                condition=models.Q(
                    consumer_due=models.F("carried_consumer")
                    + models.F("price")
                    + models.F("fee_consumer")
                    - models.F("consumer_residue")
                ),
            ),
            models.CheckConstraint(
                name="settlement_position_provider_adds_up",
                condition=models.Q(
                    provider_due=models.F("carried_provider")
                    + models.F("price")
                    - models.F("fee_provider")
                    - models.F("provider_residue")
                ),
            ),
            models.CheckConstraint(
                name="settlement_position_platform_adds_up",
                condition=models.Q(
                    rounding=models.F("consumer_due")
                    - models.F("provider_due")
                    - models.F("platform_fee")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"position {self.pk}"


class StatementLine(models.Model):
    """What one deployment served under one agreement, summed over the entries of a position.

    A line without a deployment holds entries that are no usage: true-ups, as margin, or
    corrections and manual ones. Its consumer sees the price's components if every agreement
    version behind it discloses them.
    """

    class Kind(models.TextChoices):
        USAGE = "usage"
        CORRECTION = "correction"
        TRUE_UP = "true_up"

    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="lines")
    kind = models.TextField(choices=Kind)
    deployment = models.ForeignKey(
        "ledger.Deployment", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    prior_period = models.BooleanField()
    discloses_cost = models.BooleanField()
    events = models.BigIntegerField()
    tokens = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    energy_joules = _amount()
    co2_location_grams = _amount()
    co2_market_grams = _amount()
    compute = _amount()
    energy = _amount()
    green = _amount()
    scarcity = _amount()
    margin = _amount()
    fee_consumer = _amount()
    fee_provider = _amount()

    class Meta:
        db_table = "settlement_statement_line"
        constraints = [
            models.UniqueConstraint(
                name="settlement_statement_line_position_deployment_uniq",
                fields=["position", "kind", "deployment", "prior_period"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="settlement_statement_line_kind_deployment",
                condition=models.Q(kind="usage", deployment__isnull=False)
                | models.Q(kind__in=["correction", "true_up"], deployment__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"statement line {self.pk}"


class Netting(models.Model):
    """What two parties who serve each other set off; a party that serves itself is both."""

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="nettings")
    party_a = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    party_b = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    amount = _amount()
    journal_entry = models.OneToOneField(
        "ledger.JournalEntry", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="settlement_netting_pair_uniq", fields=["settlement", "party_a", "party_b"]
            ),
            models.CheckConstraint(
                name="settlement_netting_amount_positive", condition=models.Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="settlement_netting_pair_ordered",
                condition=models.Q(party_a__lte=models.F("party_b")),
            ),
        ]

    def __str__(self) -> str:
        return f"netting {self.pk}"


class Approval(models.Model):
    """A second person's word for what was calculated, by its hash."""

    settlement = models.OneToOneField(Settlement, on_delete=models.PROTECT, related_name="approval")
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    input_hash = models.TextField()
    approved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"approval {self.pk}"


class SettledEntry(models.Model):
    """That a journal entry went into a position: at most once a currency, and never out again."""

    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="settled")
    entry = models.ForeignKey("ledger.JournalEntry", on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()

    class Meta:
        db_table = "settlement_settled_entry"
        verbose_name_plural = "settled entries"
        constraints = [
            models.UniqueConstraint(
                name="settlement_settled_entry_once", fields=["entry", "currency"]
            )
        ]

    def __str__(self) -> str:
        return f"entry {self.entry_id} in position {self.position_id}"


class TrueUp(models.Model):
    """What volume terms add to an agreement's period in all, as it was known at a close.

    `period` is whose volume counts, `booked_period` the one at whose close it was calculated. The
    amounts are of the whole period; `journal_entry` posts what they differ by from those of the
    row before, and is null where that is nothing. `through_entry` is the newest journal entry of
    the agreement whose usage is in `sums`.
    """

    agreement = models.ForeignKey("ledger.Agreement", on_delete=models.PROTECT, related_name="+")
    agreement_version = models.ForeignKey(
        "ledger.AgreementVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    period = models.ForeignKey("ledger.Period", on_delete=models.PROTECT, related_name="+")
    booked_period = models.ForeignKey("ledger.Period", on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    through_entry = models.BigIntegerField()
    inputs = models.JSONField()
    volume = _amount()
    discount = _amount()
    commitment = _amount()
    fee_consumer = _amount()
    fee_provider = _amount()
    working = models.JSONField()
    digest = models.TextField()
    journal_entry = models.OneToOneField(
        "ledger.JournalEntry", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        db_table = "settlement_true_up"
        verbose_name = "true-up"
        constraints = [
            models.UniqueConstraint(
                name="settlement_true_up_period_booked_uniq",
                fields=["agreement", "period", "currency", "booked_period"],
            ),
            models.CheckConstraint(
                name="settlement_true_up_discount_sign", condition=models.Q(discount__lte=0)
            ),
            models.CheckConstraint(
                name="settlement_true_up_commitment_sign", condition=models.Q(commitment__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"true-up {self.pk}"
