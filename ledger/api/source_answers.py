"""What the API answers of sources and their names, described for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from ledger.api.answers import Count, Id

KINDS = ["consumer", "deployment"]


class Source(serializers.Serializer[Any]):
    """An emitter of usage events."""

    id = Id()
    uri = serializers.CharField(help_text="As its events name it.")
    provider = serializers.CharField()
    accepts_from = serializers.DateTimeField(help_text="Events from before are rejected.")
    first_seen_at = serializers.DateTimeField()


class SourcePage(serializers.Serializer[Any]):
    """Sources in the order in which they made themselves known."""

    items = Source(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class Name(serializers.Serializer[Any]):
    """What a name stands for from `valid_from` on, until the next mapping of it begins."""

    id = Id()
    kind = serializers.ChoiceField(choices=KINDS)
    name = serializers.CharField(
        allow_blank=True, help_text="As the source writes it; empty: of events that name none."
    )
    target = serializers.CharField(
        allow_null=True, help_text="A consumer's or a deployment's code; null: it is withdrawn."
    )
    project = serializers.CharField(
        allow_blank=True, help_text="The project of events that name none themselves."
    )
    every_source = serializers.BooleanField(
        help_text="Whether it is mapped for all of the provider's sources. One of its own comes "
        "first."
    )
    valid_from = serializers.DateTimeField()
    revision = Count(help_text="Of those with one `valid_from` the highest holds.")
    publication = Id()
    published_at = serializers.DateTimeField()


class NamePage(serializers.Serializer[Any]):
    """Mappings in the order in which they were published."""

    items = Name(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class EditedName(serializers.Serializer[Any]):
    """A mapping that was sent, and what became of it."""

    kind = serializers.ChoiceField(choices=KINDS)
    name = serializers.CharField(allow_blank=True)
    target = serializers.CharField(allow_null=True)
    project = serializers.CharField(allow_blank=True)
    every_source = serializers.BooleanField()
    valid_from = serializers.DateTimeField(help_text="Since when it holds.")
    status = serializers.ChoiceField(
        choices=["added", "unchanged"], help_text="Unchanged: it held already."
    )


class EditedNames(serializers.Serializer[Any]):
    """What became of a list of mappings, in its order."""

    publication = Id(allow_null=True, help_text="Null when nothing was new.")
    added = Count()
    names = EditedName(many=True)


class Unmapped(serializers.Serializer[Any]):
    """A name that stands for nothing, and the events that wait for it."""

    source = Id()  # type: ignore[assignment] # a field, not the option
    uri = serializers.CharField()
    provider = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    name = serializers.CharField(allow_blank=True)
    events = Count()
    first_at = serializers.DateTimeField(help_text="When the earliest of them occurred.")
    last_at = serializers.DateTimeField()
    since = serializers.DateTimeField(help_text="Since when the first of them waits.")


class UnmappedPage(serializers.Serializer[Any]):
    """Unknown names by source, kind and name."""

    items = Unmapped(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")
