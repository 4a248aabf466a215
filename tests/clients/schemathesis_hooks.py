"""What schemathesis must be told of our API: forms that it does not write by itself, and real ids.

Loaded by schemathesis in the clients' own environment (SCHEMATHESIS_HOOKS), never by our tests.
CLEARWATT_IDS holds path parameters that lead somewhere, as JSON: parameter -> values.
"""

import json
import os
from typing import Any

import schemathesis

IDS = json.loads(os.environ.get("CLEARWATT_IDS", "{}"))
RAW_FORMS = ("application/x-ndjson", "application/x-protobuf")


def _raw(_context: Any, value: Any) -> bytes:
    """Write text as it is, and anything else as a line of JSON."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return json.dumps(value).encode()


for form in RAW_FORMS:
    schemathesis.serializer(form)(_raw)


@schemathesis.hook  # type: ignore[untyped-decorator] # it is not in our environment
def map_path_parameters(_context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
    """Put a real id in place of every other made up one, so that what lies behind is reached."""
    return {
        name: IDS[name][len(str(value)) % len(IDS[name])]
        if name in IDS and len(str(value)) % 2 == 0
        else value
        for name, value in (path_parameters or {}).items()
    }
