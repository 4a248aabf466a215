"""True examples of what is answered about the completeness of a source.

They tell one story: on 5 October 2026 two events of a gateway were lost, and one came an hour late.
"""

from typing import Any, Final

from ledger.tokens import TOKEN_CLASSES

Example = dict[str, Any]

HOUR: Final[Example] = {"starts_at": "2026-10-05T09:00:00Z", "ends_at": "2026-10-05T10:00:00Z"}
MANIFEST: Final[Example] = {
    "window": HOUR,
    "events": 512,
    "tokens": {"input": 409_600, "cache_read": 614_400, "output": 256_000},
    "first_sequence": "1000",
    "last_sequence": "1511",
}
RECORDED_MANIFESTS: Final[Example] = {
    "items": [{"window": HOUR, "revision": 1, "status": "recorded"}]
}


def _tokens(default: int | None, **known: int) -> Example:
    return {name: known.get(name, default) for name in TOKEN_CLASSES}


STATED: Final[Example] = {
    "events": 512,
    "tokens": _tokens(None, input=409_600, cache_read=614_400, output=256_000),
    "first_sequence": "1000",
    "last_sequence": "1511",
}
WINDOW: Final[Example] = {
    "window": HOUR,
    "verdict": "missing",
    "revision": 1,
    "posted_at": "2026-10-05T10:02:30.100000Z",
    "stated": STATED,
    "received": {
        "events": 510,
        "findings": 0,
        "tokens": _tokens(0, input=408_000, cache_read=612_000, output=255_000),
    },
    "difference": {
        "events": -2,
        "tokens": _tokens(None, input=-1_600, cache_read=-2_400, output=-1_000),
    },
    "missing_numbers": 2,
    "late_events": 1,
}
MANIFEST_PAGE: Final[Example] = {
    "items": [
        {
            **WINDOW,
            "statements": [
                {"revision": 1, "posted_at": "2026-10-05T10:02:30.100000Z", "stated": STATED}
            ],
        }
    ],
    "next": None,
}
OF_SOURCE: Final[Example] = {
    "source": "3",
    "uri": "urn:gateway:zhongwei-1",
    "provider": "zhongwei",
    "late_after_seconds": 3600,
    "counted_from": None,
}
GAPS: Final[Example] = {
    **OF_SOURCE,
    "from": "2026-10-05T00:00:00Z",
    "to": "2026-10-06T00:00:00Z",
    "missing": {"ranges": 1, "numbers": 2},
    "repeated": {"ranges": 0, "numbers": 0},
    "extra": {"ranges": 0, "numbers": 0},
    "windows": {"complete": 23, "missing": 1, "extra": 0, "unclear": 0, "items": [WINDOW]},
    "late": {
        "events": 1,
        "slots": 1,
        "items": [
            {
                "slot_starts_at": "2026-10-05T09:30:00Z",
                "events": 1,
                "first_received_at": "2026-10-05T10:51:07.250000Z",
                "last_received_at": "2026-10-05T10:51:07.250000Z",
            }
        ],
    },
    "items": [
        {
            "kind": "missing",
            "first": "1206",
            "last": "1207",
            "count": 2,
            "previous": {
                "sequence": "1205",
                "slot_starts_at": "2026-10-05T09:15:00Z",
                "received_at": "2026-10-05T09:24:11.020000Z",
            },
            "following": {
                "sequence": "1208",
                "slot_starts_at": "2026-10-05T09:15:00Z",
                "received_at": "2026-10-05T09:24:12.310000Z",
            },
            "window": HOUR,
        }
    ],
    "next": None,
}
COVERAGE: Final[Example] = {
    **OF_SOURCE,
    "from": "2026-10-05",
    "to": "2026-10-06",
    "time_zone": "UTC",
    "items": [
        {
            "date": "2026-10-05",
            "starts_at": "2026-10-05T00:00:00Z",
            "ends_at": "2026-10-06T00:00:00Z",
            "verdict": "missing",
            "events": 12_286,
            "findings": 0,
            "numbered_events": 12_286,
            "tokens": _tokens(0, input=9_828_800, cache_read=14_743_200, output=6_143_000),
            "first_received_at": "2026-10-05T00:00:04.500000Z",
            "last_received_at": "2026-10-06T00:00:03.100000Z",
            "late_events": 1,
            "missing_numbers": 2,
            "windows": {"complete": 23, "missing": 1, "extra": 0, "unclear": 0},
        }
    ],
}
