"""Call models with OpenAI's client; a list of calls in, what each was answered out, as JSON.

A call has the members of a chat completion; `leave` ends a stream after its first piece.
"""

import json
import os
import sys
from typing import Any

import openai


def main() -> None:
    client = openai.OpenAI(max_retries=0, timeout=30)
    json.dump([call(client, **one) for one in json.load(sys.stdin)], sys.stdout)


def call(client: openai.OpenAI, *, leave: bool = False, **members: Any) -> dict[str, Any]:
    try:
        answer = client.chat.completions.create(**members)
        if not members.get("stream"):
            return {"id": answer.id, "usage": answer.usage.model_dump()}
        pieces = iter(answer)
        piece = next(pieces)
        if leave:
            answer.close()
            return {"id": piece.id}
        *_, last = pieces
        return {"id": last.id, "usage": last.usage.model_dump()}
    except openai.APIError as error:
        return {"error": type(error).__name__}


if __name__ == "__main__":
    assert os.environ["OPENAI_BASE_URL"].startswith("http://127.0.0.1:")
    main()
