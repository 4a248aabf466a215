"""What drf-spectacular needs to know to write the OpenAPI document."""

from collections.abc import Iterable
from typing import Any, Final

SETTINGS: Final[dict[str, Any]] = {
    "TITLE": "Clearwatt",
    "DESCRIPTION": "The token settlement ledger: usage comes in, becomes lines in books that "
    "balance, and is settled.\n\n"
    "Amounts are strings with twelve decimals, debit positive. Ids are strings. Instants are "
    "RFC 3339 in UTC. Lists are read page by page along `next`. Every refusal is "
    "`application/problem+json` (RFC 9457); each type has a page under [/problems](/problems).",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Without it the page would have the document checked by a host on the internet.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.tell_of_keys",
    ],
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    # The same name means other words in other places.
    "ENUM_NAME_OVERRIDES": {
        "BatchState": ["pending", "rated"],
        "ReratingState": [*("proposed", "approved", "applying", "applied", "withdrawn", "stale")],
        "SettlementState": ["calculated", "approved", "void"],
        "ItemStatus": ["duplicate", "conflict", "rejected"],
        "EventStatus": ["complete", "partial", "cancelled"],
        "EntryKind": [
            *("usage", "settlement", "netting", "reversal", "manual"),
            *("true_up", "energy", "certificate"),
        ],
        "CatalogueAct": ["added", "changed", "withdrawn"],
        "CorrectionAct": ["void", "amend", "supersede"],
        "ProposalState": ["open", "published", "refused"],
        "UsageEntryKind": ["usage", "reversal", "rerate"],
        "MeterKind": ["facility", "it", "gpu_busy", "gpu_available"],
        "CertificateKind": ["GEC", "GC", "IREC"],
        "SiteMonthState": ["silent", "incomplete", "ready", "stale", "current"],
        "HealthStatus": ["ok"],
        "NameKind": ["consumer", "deployment"],
        "NameStatus": ["added", "unchanged"],
        "NumberRangeKind": ["missing", "repeated", "extra"],
        "Verdict": ["complete", "missing", "extra", "unclear"],
        "DayVerdict": [
            *("missing", "extra", "unclear", "complete", "partial", "gapless", "unstated")
        ],
        "ManifestStatus": ["recorded", "unchanged", "revised"],
        "Grade": ["O", "M", "P", "D", "I"],
    },
    "TAGS": [
        {"name": "usage", "description": "What was consumed, event by event."},
        {
            "name": "sources",
            "description": "What sends usage, what its names stand for, "
            "and whether all of it is here.",
        },
        {"name": "prices", "description": "What usage would cost, here and elsewhere."},
        {"name": "reratings", "description": "What a corrected catalogue changes of booked usage."},
        {"name": "books", "description": "Accounts, balances, postings and journal entries."},
        {"name": "settlement", "description": "Who owes whom what, month by month."},
        {"name": "operation", "description": "Whether the ledger works."},
    ],
}

SECONDS: Final[dict[str, Any]] = {"type": "integer", "minimum": 1}
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "RateLimit-Policy": {
        "description": "How often the key may be used, if it has a limit: `q` requests in `w` "
        "seconds (draft-ietf-httpapi-ratelimit-headers-11).",
        "schema": {"type": "string"},
        "example": '"key";q=600;w=60',
    },
    "RateLimit": {
        "description": "What a key with a limit has left: `r` requests now, and one more in `t` "
        "seconds.",
        "schema": {"type": "string"},
        "example": '"key";r=599;t=1',
    },
    "Retry-After": {
        "description": "After how many seconds to try again.",
        "schema": SECONDS,
        "example": 1,
    },
}
WAITING: Final = ("429", "503")
SAFE: Final = ("get", "head", "options")
SIGNATURE: Final[dict[str, dict[str, Any]]] = {
    "webhook-id": {
        "description": "Of a key that signs: which request this is; the same again in a retry. At "
        "most 256 characters of ASCII, no full stop among them.",
        "schema": {"type": "string", "maxLength": 256},
        "example": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    },
    "webhook-timestamp": {
        "description": "Of a key that signs: when this was signed, in seconds since 1970, at most "
        "five minutes ago; another in a retry.",
        "schema": {"type": "string"},
        "example": "1791158400",
    },
    "webhook-signature": {
        "description": "Of a key that signs: `v1,` and the base64 of an HMAC-SHA256 over "
        "`{webhook-id}.{webhook-timestamp}.{body}`, the body as it is sent; several apart by "
        "spaces. See https://www.standardwebhooks.com.",
        "schema": {"type": "string"},
        "example": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    },
}


def tell_of_keys(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Add what holds for every operation that takes a key: limits, and signatures."""
    components = result["components"]
    components["headers"] = HEADERS
    components["parameters"] = {
        name: {"name": name, "in": "header", "required": False, **described}
        for name, described in SIGNATURE.items()
    }
    for methods in result["paths"].values():
        for method, operation in methods.items():
            keyed = bool(operation.get("security"))
            if keyed and method not in SAFE:
                signature = _references("parameters", SIGNATURE).values()
                operation.setdefault("parameters", []).extend(signature)
            for code, response in operation["responses"].items():
                named = ["RateLimit-Policy", "RateLimit"] if keyed and code != "401" else []
                named += ["Retry-After"] if code in WAITING else []
                if named:
                    response["headers"] = _references("headers", named)
    return result


def _references(kind: str, names: Iterable[str]) -> dict[str, dict[str, str]]:
    return {name: {"$ref": f"#/components/{kind}/{name}"} for name in names}
