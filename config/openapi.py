"""What drf-spectacular needs to know to write the OpenAPI document."""

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
        "config.openapi.tell_of_headers",
    ],
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    # The same name means other words in other places.
    "ENUM_NAME_OVERRIDES": {
        "BatchState": ["pending", "rated"],
        "SettlementState": ["calculated", "approved", "void"],
        "ItemStatus": ["duplicate", "conflict", "rejected"],
        "EventStatus": ["complete", "partial", "cancelled"],
        "EntryKind": ["usage", "settlement", "netting", "reversal", "manual"],
        "UsageEntryKind": ["usage", "reversal", "rerate"],
        "HealthStatus": ["ok"],
        "NameKind": ["consumer", "deployment"],
        "NameStatus": ["added", "unchanged"],
        "Grade": ["O", "M", "P", "D", "I"],
    },
    "TAGS": [
        {"name": "usage", "description": "What was consumed, event by event."},
        {"name": "sources", "description": "What sends usage, and what its names stand for."},
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


def tell_of_headers(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Name the headers that every answer to a key may carry, and those that ask to wait."""
    result["components"]["headers"] = HEADERS
    for methods in result["paths"].values():
        for operation in methods.values():
            keyed = bool(operation.get("security"))
            for code, response in operation["responses"].items():
                named = ["RateLimit-Policy", "RateLimit"] if keyed and code != "401" else []
                named += ["Retry-After"] if code in WAITING else []
                if named:
                    response["headers"] = {
                        name: {"$ref": f"#/components/headers/{name}"} for name in named
                    }
    return result
