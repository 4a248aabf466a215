"""What the API answers of publications and proposals, described for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from ledger.api.answers import Id

OUTCOMES = ["published", "proposed", "nothing_new", "would_publish", "would_propose"]


class FieldChange(serializers.Serializer[Any]):
    """A field before and after, as documents write it."""

    field = serializers.CharField(help_text="Its name; within terms its path.")
    before = serializers.CharField(allow_null=True, allow_blank=True)
    after = serializers.CharField(allow_null=True, allow_blank=True)


class CatalogueChange(serializers.Serializer[Any]):
    """What one row of a document changes."""

    section = serializers.CharField()
    name = serializers.CharField(help_text="The thing, or the series that the version belongs to.")
    act = serializers.ChoiceField(choices=["added", "changed", "withdrawn"])
    valid_from = serializers.DateTimeField(allow_null=True)
    moves_prices = serializers.BooleanField(
        help_text="Whether something had a price before, and may have another one now."
    )
    differences = FieldChange(many=True)


class PriceEffect(serializers.Serializer[Any]):
    """A price per million tokens: the mean over the full hours of a day."""

    agreement = serializers.CharField()
    deployment = serializers.CharField()
    starts_at = serializers.DateTimeField(help_text="When the day begins.")
    currency = serializers.CharField()
    token_class = serializers.CharField()
    before = serializers.CharField(allow_null=True, help_text="Null where there is no price.")
    after = serializers.CharField(allow_null=True, help_text="Null where there is no price.")
    percent = serializers.CharField(allow_blank=True)


class Submitted(serializers.Serializer[Any]):
    """What became of a document, or would."""

    outcome = serializers.ChoiceField(choices=OUTCOMES)
    publication = Id(allow_null=True)
    proposal = Id(allow_null=True)
    changes = CatalogueChange(many=True)
    effects = PriceEffect(many=True)


class Publication(serializers.Serializer[Any]):
    """One act of publishing; its id is the catalogue's revision."""

    id = Id()
    published_at = serializers.DateTimeField()
    published_by = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    document_sha256 = serializers.CharField()
    provides = serializers.ListField(child=serializers.CharField())


class PublicationPage(serializers.Serializer[Any]):
    """Publications, newest first."""

    items = Publication(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class Proposal(serializers.Serializer[Any]):
    """A document that would move prices, and what was decided on it."""

    id = Id()
    state = serializers.ChoiceField(choices=["open", "published", "refused"])
    note = serializers.CharField(allow_blank=True)
    document_sha256 = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    proposed_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    publication = Id(allow_null=True)


class ProposalPage(serializers.Serializer[Any]):
    """Proposals, newest first."""

    items = Proposal(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class ProposalDetail(Proposal):
    """A proposal with its document, what it changes, and what that does to prices."""

    document = serializers.DictField()
    changes = CatalogueChange(many=True)
    effects = PriceEffect(many=True)
