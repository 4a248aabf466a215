"""The general journal and what is kept from it: accounts, periods, entries, postings, balances."""

from django.conf import settings
from django.db import models

AMOUNT_DIGITS = 38
AMOUNT_DECIMALS = 12


class Account(models.Model):
    """A place where one commodity of one owner stands; its code says which.

    `owner:purpose[:component]:COMMODITY`, see docs/accounts.md.
    """

    code = models.TextField(unique=True)
    party = models.ForeignKey(
        "ledger.Party", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    purpose = models.TextField()
    component = models.TextField(default="", blank=True)
    commodity = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ledger_account_code_ends_in_commodity",
                condition=models.Q(code__endswith=models.F("commodity")),
            )
        ]

    def __str__(self) -> str:
        return self.code


class Period(models.Model):
    """A span of accounting dates to be settled: starts_on <= date < ends_on."""

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    agreement = models.ForeignKey("ledger.Agreement", on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.TextField(choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_period_agreement_starts_on_uniq", fields=["agreement", "starts_on"]
            ),
            models.CheckConstraint(
                name="ledger_period_span_forward",
                condition=models.Q(ends_on__gt=models.F("starts_on")),
            ),
            models.CheckConstraint(
                name="ledger_period_state_known",
                condition=models.Q(state__in=["open", "closed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on}/{self.ends_on}"


class JournalEntry(models.Model):
    """One balanced statement of the general journal; append-only.

    `xact` is the transaction that wrote it: postings of a later one are refused.
    """

    class Kind(models.TextChoices):
        USAGE = "usage"
        SETTLEMENT = "settlement"
        NETTING = "netting"
        REVERSAL = "reversal"
        MANUAL = "manual"
        TRUE_UP = "true_up"
        ENERGY = "energy"
        CERTIFICATE = "certificate"

    kind = models.TextField(choices=Kind)
    agreement = models.ForeignKey(
        "ledger.Agreement", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    period = models.ForeignKey(
        Period, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    accounting_date = models.DateField()
    prior_period = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    narrative = models.TextField()
    reference = models.TextField(null=True, blank=True, unique=True)
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )

    class Meta:
        db_table = "ledger_journal_entry"
        verbose_name_plural = "journal entries"
        indexes = [
            models.Index(
                name="ledger_journal_entry_agreement", fields=["agreement", "accounting_date"]
            )
        ]

    def __str__(self) -> str:
        return f"entry {self.pk}"


class Posting(models.Model):
    """One signed amount on one account; debit positive; append-only."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_posting_entry_account_uniq", fields=["entry", "account"]
            ),
        ]
        indexes = [models.Index(name="ledger_posting_account_id", fields=["account", "id"])]

    def __str__(self) -> str:
        return f"posting {self.pk}"


class Balance(models.Model):
    """Turnover of an account on an accounting date: two counters that only grow."""

    pk = models.CompositePrimaryKey("account", "accounting_date")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    accounting_date = models.DateField()
    debits = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)
    credits = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ledger_balance_counters_not_negative",
                condition=models.Q(debits__gte=0, credits__gte=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.accounting_date}"
