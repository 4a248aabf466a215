"""What the API answers of the completeness of a source, described for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.api.answers import Count, Id, Tokens

KINDS = ["missing", "repeated", "extra"]
VERDICTS = ["complete", "missing", "extra", "unclear"]
DAY_VERDICTS = ["missing", "extra", "unclear", "complete", "partial", "gapless", "unstated"]


@extend_schema_field({"type": "string", "pattern": r"^\d+$"})
class Sequence(serializers.CharField):
    """A sequence number, as a string: it may be larger than a program's numbers."""


@extend_schema_field({"type": ["integer", "null"]})
class Stated(serializers.IntegerField):
    """A number that may not have been stated."""


class Span(serializers.Serializer[Any]):
    """Whole quarter hours, half open."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class StatedTokens(serializers.Serializer[Any]):
    """Sums by token class; null where nothing was stated."""

    input = Stated()
    cache_read = Stated()
    cache_write_5m = Stated()
    cache_write_1h = Stated()
    output = Stated()
    reasoning = Stated()
    audio_input = Stated()
    audio_output = Stated()
    image_input = Stated()


class Statement(serializers.Serializer[Any]):
    """What a source states that it sent."""

    events = Count()
    tokens = StatedTokens()
    first_sequence = Sequence(allow_null=True)
    last_sequence = Sequence(allow_null=True)


class Received(serializers.Serializer[Any]):
    """What arrived of a window, accepted events only."""

    events = Count()
    findings = Count(help_text="Events among them whose counts cannot be believed; theirs are 0.")
    tokens = Tokens()


class Difference(serializers.Serializer[Any]):
    """Received less stated: negative where something is missing."""

    events = serializers.IntegerField()
    tokens = StatedTokens()


class Window(serializers.Serializer[Any]):
    """A manifest held against what arrived."""

    window = Span()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    revision = Count(help_text="1 is the first statement of the window, more a revised one.")
    posted_at = serializers.DateTimeField()
    stated = Statement()
    received = Received()
    difference = Difference()
    missing_numbers = Count(help_text="Numbers stated that no event of the source carries.")
    late_events = Count(help_text="Received after the window was first stated.")


class Posted(serializers.Serializer[Any]):
    """A statement of a window."""

    revision = Count()
    posted_at = serializers.DateTimeField()
    stated = Statement()


class Manifest(Window):
    """A manifest held against what arrived, with the statements that it revised."""

    statements = Posted(many=True, help_text="The newest, which holds, first; at most ten.")


class ManifestPage(serializers.Serializer[Any]):
    """Manifests by the beginning of their windows."""

    items = Manifest(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class RecordedManifest(serializers.Serializer[Any]):
    """What became of a manifest that was sent."""

    window = Span()
    revision = Count(help_text="Which statement of this window it is.")
    status = serializers.ChoiceField(choices=["recorded", "unchanged", "revised"])


class RecordedManifests(serializers.Serializer[Any]):
    """What became of each manifest, in the order in which they were sent."""

    items = RecordedManifest(many=True)


class Neighbour(serializers.Serializer[Any]):
    """The number beside a hole that did arrive."""

    sequence = Sequence()
    slot_starts_at = serializers.DateTimeField(help_text="The quarter hour in which it occurred.")
    received_at = serializers.DateTimeField()


class NumberRange(serializers.Serializer[Any]):
    """Sequence numbers that follow one another, and what is wrong about them."""

    kind = serializers.ChoiceField(choices=KINDS)
    first = Sequence()
    last = Sequence(help_text="Included.")
    count = Count()
    previous = Neighbour(
        allow_null=True, help_text="What is missing occurred after it, as far as numbers tell."
    )
    following = Neighbour(allow_null=True, help_text="And before it.")
    window = Span(allow_null=True, help_text="That of the manifest that says so.")


class Total(serializers.Serializer[Any]):
    """All ranges of a kind in the span, on every page the same."""

    ranges = Count()
    numbers = Count()


class Windows(serializers.Serializer[Any]):
    """How many manifests there are by verdict, and the first that are not complete."""

    complete = Count()
    missing = Count()
    extra = Count()
    unclear = Count()
    items = Window(many=True, help_text="As many as `limit` says.")


class LateSlot(serializers.Serializer[Any]):
    """A quarter hour of which events came late."""

    slot_starts_at = serializers.DateTimeField()
    events = Count()
    first_received_at = serializers.DateTimeField()
    last_received_at = serializers.DateTimeField()


class Late(serializers.Serializer[Any]):
    """What came late: how many events, of how many quarter hours, and the first of these."""

    events = Count()
    slots = Count()
    items = LateSlot(many=True, help_text="As many as `limit` says.")


class OfSource(serializers.Serializer[Any]):
    """Whose completeness is told."""

    source = Id()  # type: ignore[assignment] # a field, not the option
    uri = serializers.CharField()
    provider = serializers.CharField()
    counted_from = serializers.DateTimeField(
        allow_null=True,
        help_text="Of what was received until then not everything is counted here; null: all is.",
    )
    late_after_seconds = Count()


class Gaps(OfSource):
    """What is not there of a source: ranges of numbers, windows, and what came late."""

    to = serializers.DateTimeField()
    missing = Total()
    repeated = Total()
    extra = Total()
    windows = Windows()
    late = Late()
    items = NumberRange(many=True, help_text="By their first number.")
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class DayWindows(serializers.Serializer[Any]):
    """How many manifests speak of the day, by verdict; one of several days speaks of each."""

    complete = Count()
    missing = Count()
    extra = Count()
    unclear = Count()


class Day(serializers.Serializer[Any]):
    """What occurred on a day, of what arrived so far."""

    date = serializers.DateField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    verdict = serializers.ChoiceField(choices=DAY_VERDICTS)
    events = Count()
    findings = Count(help_text="Events among them whose counts cannot be believed; theirs are 0.")
    numbered_events = Count(help_text="Events among them that carry a sequence number.")
    tokens = Tokens()
    first_received_at = serializers.DateTimeField(allow_null=True)
    last_received_at = serializers.DateTimeField(allow_null=True)
    late_events = Count()
    missing_numbers = Count(help_text="Each missing number counts on one day.")
    windows = DayWindows()


class Coverage(OfSource):
    """Every day of the span, those without an event too."""

    time_zone = serializers.CharField()
    to = serializers.DateField(help_text="The day after the last.")
    items = Day(many=True)


# `from` is no name in Python.
Gaps._declared_fields["from"] = serializers.DateTimeField()
Coverage._declared_fields["from"] = serializers.DateField(help_text="The first day.")
