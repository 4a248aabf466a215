"""Ingest events with OpenMeter's client; arguments are address and key, batches are JSON lists.

Out: for each batch an empty text, or the body of the answer that the client takes for an error.
"""

import json
import sys
from typing import Any

from corehttp.exceptions import HttpResponseError
from openmeter import Client
from openmeter.models import Event


def main(address: str, key: str) -> None:
    client = Client(endpoint=address, token=key)
    json.dump([ingest(client, batch) for batch in json.load(sys.stdin)], sys.stdout)


def ingest(client: Client, batch: list[dict[str, Any]]) -> str:
    events = [Event(one) for one in batch]
    try:
        if len(events) == 1:
            client.events.ingest_event(events[0])
        else:
            client.events.ingest_events(events)
    except HttpResponseError as error:
        return str(error.response.text())
    return ""


if __name__ == "__main__":
    main(*sys.argv[1:])
