"""What the API answers, described for the OpenAPI document. Nothing here runs on a request.

tests/ledger/api/test_schema.py holds real answers against these descriptions.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": "string", "pattern": r"^-?\d+\.\d{12}$"})
class Amount(serializers.CharField):
    """An exact decimal with twelve decimals."""


@extend_schema_field({"type": "string", "pattern": r"^\d+$"})
class Id(serializers.CharField):
    """The id of a row."""


@extend_schema_field({"type": "string", "pattern": r"^\d{6}-\d+$"})
class UsageEntryId(serializers.CharField):
    """The id of a usage entry; its first part is the month of `occurred_at` in UTC."""


@extend_schema_field({"type": "integer", "minimum": 0})
class Count(serializers.IntegerField):
    """A number of things."""


@extend_schema_field({"type": ["object", "null"]})
class ObjectOrNull(serializers.JSONField):
    """A JSON object of the caller's or the catalogue's own making, or null."""


class Problem(serializers.Serializer[Any]):
    """A refusal, RFC 9457; each type has a page that says what to do, and may add members."""

    type = serializers.CharField(help_text="A path on this host with a page about the problem.")
    title = serializers.CharField(help_text="The same sentence for every problem of this type.")
    status = serializers.IntegerField(help_text="The HTTP status, again.")
    detail = serializers.CharField(help_text="What was wrong this time.")


class ReceiptItem(serializers.Serializer[Any]):
    """What became of an event that was not accepted."""

    index = Count(help_text="Its place in the batch, from 0.")
    status = serializers.ChoiceField(choices=["duplicate", "conflict", "rejected"])
    code = serializers.CharField(help_text="The reason, for programs.")
    detail = serializers.CharField(help_text="The reason, for people.")


class Receipt(serializers.Serializer[Any]):
    """What became of a posted batch: the four counts add up to the events sent."""

    batch = Id(allow_null=True, help_text="Null when nothing was new.")
    accepted = Count(help_text="Recorded, durably.")
    duplicates = Count(help_text="Known already, with the same content: harmless.")
    conflicts = Count(help_text="Known already, with other content: nothing was overwritten.")
    rejected = Count(help_text="Not usage events.")
    items = ReceiptItem(many=True, help_text="Every event that was not accepted.")


class Account(serializers.Serializer[Any]):
    """A place in the books where one commodity of one owner stands."""

    code = serializers.CharField(help_text="owner:purpose[:component]:COMMODITY")
    party = serializers.CharField(allow_null=True, help_text="Null: the platform's, or a site's.")
    purpose = serializers.CharField()
    component = serializers.CharField(allow_blank=True)
    commodity = serializers.CharField(
        help_text="A currency (ISO 4217), TOK (tokens), J (joules), CO2E_L or CO2E_M (grams of "
        "CO2, location- and market-based), GEC (certificate watt-hours)."
    )


class AccountPage(serializers.Serializer[Any]):
    """Accounts by code."""

    items = Account(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class Balance(serializers.Serializer[Any]):
    """What stands on an account: `balance` is debits less credits."""

    account = serializers.CharField()
    commodity = serializers.CharField()
    as_of = serializers.DateField(
        allow_null=True, help_text="Up to and including this accounting date; null: all of them."
    )
    debits = Amount()
    credits = Amount()
    balance = Amount(help_text="Debit positive.")


class AccountPosting(serializers.Serializer[Any]):
    """A posting on an account."""

    id = Id()
    amount = Amount(help_text="Debit positive.")
    entry = Id()
    kind = serializers.CharField()
    accounting_date = serializers.DateField()
    recorded_at = serializers.DateTimeField()
    narrative = serializers.CharField()


class PostingPage(serializers.Serializer[Any]):
    """Postings of an account, newest first."""

    account = serializers.CharField()
    commodity = serializers.CharField()
    items = AccountPosting(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class EntryPosting(serializers.Serializer[Any]):
    """A posting of a journal entry."""

    account = serializers.CharField()
    commodity = serializers.CharField()
    amount = Amount(help_text="Debit positive.")


class Entry(serializers.Serializer[Any]):
    """A journal entry, and the postings of it that are yours."""

    id = Id()
    kind = serializers.ChoiceField(
        choices=[
            *("usage", "settlement", "netting", "reversal", "manual"),
            *("true_up", "energy", "certificate"),
        ]
    )
    accounting_date = serializers.DateField()
    recorded_at = serializers.DateTimeField()
    narrative = serializers.CharField()
    agreement = serializers.CharField(allow_null=True)
    period_starts_on = serializers.DateField(allow_null=True)
    prior_period = serializers.BooleanField(
        help_text="Its usage is of a period that had closed before."
    )
    reference = serializers.CharField(allow_null=True)
    reverses = Id(allow_null=True)
    reversed_by = Id(allow_null=True)
    postings = EntryPosting(many=True)


class Tokens(serializers.Serializer[Any]):
    """Disjoint token classes: each token is counted in one of them; negative in a reversal."""

    input = serializers.IntegerField()
    cache_read = serializers.IntegerField()
    cache_write_5m = serializers.IntegerField()
    cache_write_1h = serializers.IntegerField()
    output = serializers.IntegerField()
    reasoning = serializers.IntegerField()
    audio_input = serializers.IntegerField()
    audio_output = serializers.IntegerField()
    image_input = serializers.IntegerField()


class Cost(serializers.Serializer[Any]):
    """The provider's affair: the parts of the price, its fee, and the GPU time taken."""

    compute = Amount()
    energy = Amount()
    green = Amount()
    scarcity = Amount()
    margin = Amount(help_text="May be negative under a list price.")
    fee_provider = Amount(help_text="The part of the platform's fee that the provider bears.")
    gpu_seconds = Amount()


class UsageEntry(serializers.Serializer[Any]):
    """One event in the usage journal: what was consumed, and what it costs whom."""

    id = UsageEntryId()
    occurred_at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=["usage", "reversal", "rerate"])
    status = serializers.ChoiceField(choices=["complete", "partial", "cancelled"])
    corrects = UsageEntryId(allow_null=True)
    batch = Id()
    row = Count(help_text="Its place among the batch's accepted events, from 0.")
    source = serializers.CharField()  # type: ignore[assignment] # a field, not the option
    event_id = serializers.CharField(help_text="As the source wrote it.")
    provider = serializers.CharField()
    consumer = serializers.CharField()
    project = serializers.CharField(allow_blank=True)
    deployment = serializers.CharField()
    model = serializers.CharField()
    agreement = serializers.CharField()
    entry = Id(help_text="The journal entry that it was posted with.")
    context_from_tokens = Count(help_text="The context band that it was priced in begins here.")
    service_tier = serializers.CharField(
        help_text="The tier it was priced in: `standard`, `batch`, `flex`, `priority`, or another "
        "that the rate card names."
    )
    tokens = Tokens()
    energy_joules = Amount(help_text="At the site's meter.")
    co2_location_grams = Amount()
    co2_market_grams = Amount()
    currency = serializers.CharField()
    price = Amount()
    fee_consumer = Amount(help_text="The platform's fee on top, where the consumer bears it.")
    cost = Cost(allow_null=True, help_text="Null where it is not disclosed to you.")
    attributes = ObjectOrNull(help_text="As the source wrote them.")
    written = ObjectOrNull(
        help_text="What the source wrote for `consumer`, `deployment` or `project` where a mapping "
        "led to what stands there; null where nothing was mapped."
    )


class UsageEntryPage(serializers.Serializer[Any]):
    """Usage entries behind a journal entry, in the order in which they were entered."""

    items = UsageEntry(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class Reason(serializers.Serializer[Any]):
    """Why events are set aside."""

    reason = serializers.CharField()
    missing = serializers.CharField(help_text="What would have to be published.")
    events = Count()
    oldest = serializers.DateTimeField()


class Batch(serializers.Serializer[Any]):
    """How far a batch is: entered + set_aside + voided + waiting = events."""

    id = Id()
    provider = serializers.CharField()
    state = serializers.ChoiceField(choices=["pending", "rated"])
    received_at = serializers.DateTimeField()
    rated_at = serializers.DateTimeField(allow_null=True)
    events = Count()
    entered = Count()
    set_aside = Count()
    voided = Count(help_text="Voided or superseded before they were entered.")
    waiting = Count()
    reasons = Reason(many=True)


class SetAside(serializers.Serializer[Any]):
    """An event that cannot be priced until what it lacks is published."""

    batch = Id()
    row = Count()
    provider = serializers.CharField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment] # a field, not the option
    event_id = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    reason = serializers.CharField()
    missing = serializers.CharField()
    detail = serializers.CharField(
        allow_blank=True,
        help_text="What was found wrong with its counts, with the ways to read them, as JSON.",
    )
    since = serializers.DateTimeField()
    attempts = Count()
    retry_at = serializers.DateTimeField()


class SetAsidePage(serializers.Serializer[Any]):
    """Events that are set aside, by batch and row."""

    items = SetAside(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class Health(serializers.Serializer[Any]):
    """Whether the ledger answers, and how long the oldest batch has waited."""

    status = serializers.ChoiceField(choices=["ok"])
    pending_batches = Count()
    oldest_pending_seconds = Count(allow_null=True, help_text="Null when nothing waits.")


class Slot(serializers.Serializer[Any]):
    """The quarter hour in which the event occurred."""

    number = Count(help_text="Quarter hours since 1970-01-01 00:00 UTC.")
    starts_at = serializers.DateTimeField()


class Rate(serializers.Serializer[Any]):
    """A stored rate: what it was compiled from, and when."""

    id = Id()
    currency = serializers.CharField()
    compiled_at = serializers.DateTimeField()
    quantisation_bound = serializers.CharField(
        help_text="Each figure per token is exact to so many of its smallest units."
    )
    inputs = ObjectOrNull(
        help_text="Every figure that entered it; null where it is not disclosed to you."
    )


class Product(serializers.Serializer[Any]):
    """tokens × rate = amount."""

    token_class = serializers.CharField()
    tokens = serializers.IntegerField()
    rate = Amount(help_text="Per token.")
    amount = Amount()


class ExplanationLine(serializers.Serializer[Any]):
    """One component: its products and their sum."""

    component = serializers.CharField()
    unit = serializers.CharField(help_text="A currency, J, g or GPU-s.")
    products = Product(many=True)
    amount = Amount(help_text="The sum of the products.")
    booked = Amount(help_text="What the usage entry holds.")
    agrees = serializers.BooleanField()


class Provenance(serializers.Serializer[Any]):
    """Where a figure comes from."""

    figure = serializers.CharField()
    grade = serializers.ChoiceField(choices=["O", "M", "P", "D", "I"])
    source = serializers.CharField()  # type: ignore[assignment] # a field, not the option
    document = serializers.CharField(allow_blank=True)


class UnderstoodName(serializers.Serializer[Any]):
    """A name in a source's own words, and the mapping by which it was understood."""

    kind = serializers.ChoiceField(choices=["consumer", "deployment"])
    written = serializers.CharField(allow_blank=True, help_text="As the source wrote it.")
    source = serializers.CharField()  # type: ignore[assignment] # a field, not the option
    code = serializers.CharField(help_text="What it stood for.")
    project = serializers.CharField(
        allow_blank=True, help_text="The project of events that name none themselves."
    )
    mapping = Id()
    name = serializers.CharField(
        allow_blank=True, help_text="As much of it as is mapped: perhaps without its region."
    )
    every_source = serializers.BooleanField(help_text="It is mapped for all of the provider's.")
    valid_from = serializers.DateTimeField()
    published_at = serializers.DateTimeField()


class ReasonOfEntry(serializers.Serializer[Any]):
    """A correction that booked a usage entry, or took it back."""

    did = serializers.ChoiceField(choices=["booked", "took_back"])
    correction = Id()
    act = serializers.ChoiceField(choices=["void", "amend", "supersede"])
    reason = serializers.CharField()
    requested_by = serializers.CharField(help_text="The party that asked.")
    recorded_at = serializers.DateTimeField()


class RerateOfEntry(serializers.Serializer[Any]):
    """A re-rating that booked a usage entry, or took it back."""

    did = serializers.ChoiceField(choices=["booked", "took_back"])
    rerating = Id()
    reason = serializers.CharField()
    asked_by = serializers.CharField(help_text="The person who proposed it.")
    approved_by = serializers.CharField(help_text="The other person, who approved it.")
    applied_at = serializers.DateTimeField()


class Explanation(serializers.Serializer[Any]):
    """Every row and multiplication behind the price of a usage entry."""

    usage_entry = UsageEntry()
    names = UnderstoodName(many=True, help_text="Those that its source wrote in its own words.")
    slot = Slot()
    price_rate = Rate()
    slot_rate = Rate()
    corrections = ReasonOfEntry(
        many=True, help_text="Why it was booked or taken back, and by whom: none for most entries."
    )
    reratings = RerateOfEntry(
        many=True, help_text="Why its usage was priced anew, and who wanted it: none for most."
    )
    lines = ExplanationLine(many=True)
    provenance = Provenance(many=True)
