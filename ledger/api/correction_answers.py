"""What the API answers of corrections, and examples, for the OpenAPI document."""

from collections.abc import Sequence
from typing import Any, Final

from rest_framework import serializers

from ledger.api import schema
from ledger.api.answers import Count, Id, ObjectOrNull, UsageEntryId

ACTS: Final = ["void", "amend", "supersede"]
STATES: Final = ["waiting", "applied", "refused"]


class Stated(serializers.Serializer[Any]):
    """What an amendment states anew; null leaves it as the event has it."""

    subject = serializers.CharField(allow_null=True)
    project = serializers.CharField(allow_null=True, allow_blank=True)
    deployment = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_null=True)
    usage = ObjectOrNull(help_text="All nine disjoint counts.")
    attributes = ObjectOrNull()
    said = ObjectOrNull(help_text="The usage object from which the counts were read.")


class WaitsFor(serializers.Serializer[Any]):
    """What a correction lacks; empty before a worker has looked at it."""

    reason = serializers.CharField(allow_blank=True)
    missing = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)


class UsageEntries(serializers.Serializer[Any]):
    """The usage entries of an applied correction."""

    reversed = UsageEntryId(allow_null=True, help_text="The one that is taken back.")
    reversal = UsageEntryId(allow_null=True, help_text="Its mirror image.")
    replacement = UsageEntryId(allow_null=True, help_text="What stands instead.")


class Correction(serializers.Serializer[Any]):
    """What was asked of an event, and what came of it."""

    id = Id()
    provider = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # a field, not the option
    event = serializers.CharField(help_text="The event's id.")
    number = Count(help_text="Its place among the corrections of the event, from 1.")
    act = serializers.ChoiceField(choices=ACTS)
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField()
    stated = Stated()
    superseded_by = serializers.CharField(allow_null=True, help_text="The final event's id.")
    recorded_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_blank=True, help_text="Why it was refused.")
    waits_for = WaitsFor(allow_null=True)
    usage_entries = UsageEntries()


class CorrectionPage(serializers.Serializer[Any]):
    """Corrections in the order in which they were recorded."""

    items = Correction(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class CorrectedItem(serializers.Serializer[Any]):
    """What became of an item of the list."""

    index = Count(help_text="Its place in the list, from 0.")
    status = serializers.ChoiceField(choices=["recorded", "known", "refused"])
    correction = Id(allow_null=True)
    code = serializers.CharField(allow_blank=True, help_text="The problem, if it was refused.")
    detail = serializers.CharField(allow_blank=True)


class Corrected(serializers.Serializer[Any]):
    """What became of a list of corrections."""

    recorded = Count(help_text="New, and applied soon.")
    known = Count(help_text="Asked for before.")
    refused = Count()
    items = CorrectedItem(many=True)


VOID: Final[dict[str, Any]] = {"source": "urn:gateway:west-1", "reason": "posted twice"}
AMENDMENT: Final[dict[str, Any]] = {
    "source": "urn:gateway:west-1",
    "reason": "the cache was not counted",
    "usage": {"input": 800, "cache_read": 1200, "output": 500},
}
LIST: Final[dict[str, Any]] = {
    "items": [
        {"act": "void", "event": "evt-1", **VOID},
        {"act": "amend", "event": "evt-2", **AMENDMENT},
    ]
}
CORRECTION: Final[dict[str, Any]] = {
    "id": "12",
    "provider": "zhongwei",
    "source": "urn:gateway:west-1",
    "event": "evt-1",
    "number": 1,
    "act": "void",
    "state": "applied",
    "reason": "posted twice",
    "stated": {
        "subject": None,
        "project": None,
        "deployment": None,
        "status": None,
        "usage": None,
        "attributes": None,
        "said": None,
    },
    "superseded_by": None,
    "recorded_at": "2026-10-20T12:00:00Z",
    "decided_at": "2026-10-20T12:00:00.400000Z",
    "outcome": "",
    "waits_for": None,
    "usage_entries": {"reversed": "202610-42", "reversal": "202610-977", "replacement": None},
}
WAITING: Final[dict[str, Any]] = {
    **CORRECTION,
    "state": "waiting",
    "decided_at": None,
    "waits_for": {"reason": "", "missing": "", "detail": ""},
    "usage_entries": {"reversed": None, "reversal": None, "replacement": None},
}
CORRECTED: Final[dict[str, Any]] = {
    "recorded": 1,
    "known": 0,
    "refused": 1,
    "items": [
        {"index": 0, "status": "recorded", "correction": "12", "code": "", "detail": ""},
        {
            "index": 1,
            "status": "refused",
            "correction": None,
            "code": "no-such-event",
            "detail": "no event 'evt-2' of source 'urn:gateway:west-1' is recorded",
        },
    ],
}


def of_one(problems: Sequence[str]) -> schema.Answers:
    """Describe the answers to a correction of one event: 202 if it is new, 200 if it was known."""
    known = schema.answers(
        Correction, example=CORRECTION, description="It was asked for before", problems=problems
    )
    new = schema.answers(
        Correction, status=202, example=WAITING, description="It is recorded, and applied soon"
    )
    return {**new, **known}
