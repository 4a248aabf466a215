"""A true example of each problem that an operation of the API names.

tests/config/test_problems.py compares type, title and status with config/problems.py.
"""

from typing import Any, Final

from ledger.api.problem_example import problem as _problem
from ledger.api.publishing_problems import PUBLISHING_PROBLEMS

_EXAMPLES: Final = (
    _problem(
        "invalid-parameter",
        400,
        "A parameter has no such value",
        "as_of must be a date, written YYYY-MM-DD",
        parameter="as_of",
        expected="a date, written YYYY-MM-DD",
    ),
    _problem(
        "invalid-cursor",
        400,
        "The cursor is not one of ours",
        "take the cursor from the `next` link of the page before, unchanged",
    ),
    _problem(
        "unreadable-body",
        400,
        "The body cannot be read",
        "the body cannot be read: a CloudEvents batch is a JSON array",
        why="a CloudEvents batch is a JSON array",
    ),
    _problem(
        "events-refused",
        400,
        "Some events of the batch were not taken",
        "1 of 3 events were not taken, and the others are recorded; see items, beginning with "
        "#/2/type: is none of clearwatt.usage, litellm_tokens, prompt, whose data are known here",
        batch="77",
        accepted=2,
        duplicates=0,
        conflicts=0,
        rejected=1,
        items=[
            {
                "index": 2,
                "status": "rejected",
                "code": "invalid_event",
                "detail": "#/2/type: is none of clearwatt.usage, litellm_tokens, prompt, whose "
                "data are known here",
            }
        ],
    ),
    _problem(
        "key-missing",
        401,
        "An API key is needed",
        "send your key as `Authorization: Bearer cw_<prefix>_<secret>`",
    ),
    _problem(
        "key-unknown",
        401,
        "The API key is unknown",
        "no such key: check that all of it was sent",
    ),
    _problem(
        "key-expired",
        401,
        "The API key has expired",
        "key cw_k3x9p0ab7q_… expired at 2026-10-01 00:00 UTC",
        prefix="k3x9p0ab7q",
        expired_at="2026-10-01T00:00:00Z",
    ),
    _problem(
        "key-revoked",
        401,
        "The API key is revoked",
        "key cw_k3x9p0ab7q_… is revoked",
        prefix="k3x9p0ab7q",
    ),
    _problem(
        "scope-missing",
        403,
        "The API key lacks a scope",
        "this needs a key with the scope books:read",
        needed="books:read",
        held=["events:write"],
    ),
    _problem(
        "signature-missing",
        401,
        "The request is not signed",
        "posts with this key are signed; send the headers webhook-timestamp, webhook-signature too",
        missing=["webhook-timestamp", "webhook-signature"],
    ),
    _problem(
        "signature-invalid",
        401,
        "The signature does not hold",
        "the signature does not hold: none of webhook-signature is an HMAC by a secret of this key",
        why="none of webhook-signature is an HMAC by a secret of this key",
    ),
    _problem(
        "signature-out-of-time",
        401,
        "The request was not signed now",
        "signed 412 s ago by our clock, and 300 s are allowed: sign anew for each attempt, and "
        "set your clock",
        signed_at="2026-10-05T09:30:00Z",
        now="2026-10-05T09:36:52Z",
        tolerance_seconds=300,
    ),
    _problem(
        "signature-replayed",
        409,
        "This very request was received before",
        "a request with this webhook-id and webhook-timestamp was received before; to send it "
        "again, sign it anew with the time of then",
        webhook_id="msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        signed_at="2026-10-05T09:30:00Z",
    ),
    _problem(
        "source-not-allowed",
        403,
        "The API key is for other sources",
        "this key does not speak for the source 'urn:gateway:zhongwei-2'",
        source="urn:gateway:zhongwei-2",
    ),
    _problem(
        "address-not-allowed",
        403,
        "The API key is not accepted from here",
        "key cw_k3x9p0ab7q_… is not accepted from 192.0.2.7",
        prefix="k3x9p0ab7q",
        address="192.0.2.7",
    ),
    _problem(
        "party-not-allowed",
        403,
        "This is for other parties",
        "this is for the platform; your key speaks for zhongwei",
        party="zhongwei",
        allowed="platform",
    ),
    _problem(
        "key-without-user",
        403,
        "The API key acts for no person",
        "this needs a key that was issued for a person: issue_key … --user NAME",
    ),
    _problem(
        "no-such-account",
        404,
        "There is no such account",
        "there is no account 'consumer:acme:receivable:EUR'",
        code="consumer:acme:receivable:EUR",
    ),
    _problem(
        "no-such-entry",
        404,
        "There is no such journal entry",
        "there is no journal entry 4711",
        entry_id=4711,
    ),
    _problem(
        "no-such-usage-entry",
        404,
        "There is no such usage entry",
        "there is no usage entry '202610-4711'",
        public_id="202610-4711",
    ),
    _problem(
        "month-archived",
        410,
        "The month is archived",
        "the usage entries of 2024-01 are archived: they stand in the archive's file, and an "
        "operator brings them back with `manage.py restore_month 2024-01`",
        month="2024-01",
    ),
    _problem(
        "no-such-source",
        404,
        "There is no such source",
        "there is no source '4711'",
        source="4711",
    ),
    _problem(
        "correction-invalid",
        422,
        "This is no correction",
        "#/usage/input: Expected `int` >= 0",
        errors=[{"pointer": "#/usage/input", "detail": "Expected `int` >= 0"}],
    ),
    _problem(
        "no-such-correction",
        404,
        "There is no such correction",
        "there is no correction '12'",
        correction="12",
    ),
    _problem(
        "rerating-scope-invalid",
        422,
        "This says no usage to re-rate",
        "provider: there is no provider 'zhongwe'",
        part="provider",
    ),
    _problem(
        "nothing-to-rerate",
        409,
        "Re-rating would change nothing",
        "none of 1500 usage entries would be priced otherwise today",
        standing=1500,
    ),
    _problem(
        "no-such-rerating",
        404,
        "There is no such re-rating",
        "there is no re-rating '4'",
        rerating="4",
    ),
    _problem(
        "rerating-not-open",
        409,
        "The re-rating is past that",
        "re-rating 4 is applied",
        rerating="4",
        state="applied",
    ),
    _problem(
        "rerating-approver-proposed",
        403,
        "Who proposed a re-rating does not approve it",
        "maker proposed re-rating 4; another person approves it",
        rerating="4",
        user="maker",
    ),
    _problem(
        "rerating-stale",
        409,
        "The re-rating would do something else by now",
        "re-rating 4 would no longer do what it was proposed for: withdraw it, propose it again, "
        "and look at the difference",
        rerating="4",
        proposed_entries=1000,
        current_entries=1200,
    ),
    _problem(
        "no-such-event",
        404,
        "There is no such event",
        "no event 'evt-2' of source 'urn:gateway:west-1' is recorded",
        source="urn:gateway:west-1",
        event_id="evt-2",
    ),
    _problem(
        "source-not-named",
        422,
        "An event needs its source to be named",
        "name the source of event 'evt-2': an id is unique only within one",
        event_id="evt-2",
    ),
    _problem(
        "event-no-longer-stands",
        409,
        "Nothing is left of the event",
        "nothing is left of event 'evt-1' to correct: correction 12 (void: posted twice)",
        event_id="evt-1",
        correction="12",
        act="void",
    ),
    _problem(
        "event-corrected-meanwhile",
        409,
        "Others correct the same events",
        "others correct these events at the same moment; try again",
    ),
    _problem(
        "names-invalid",
        422,
        "The list of mappings is not valid",
        "#/1/target: names 'acne', with whom zhongwei has no agreement",
        errors=[
            {
                "pointer": "#/1/target",
                "detail": "names 'acne', with whom zhongwei has no agreement",
            }
        ],
    ),
    _problem(
        "manifest-invalid",
        422,
        "The manifest makes no sense",
        "#/0/window/ends_at is not on a quarter hour; nothing was recorded",
        errors=[{"pointer": "#/0/window/ends_at", "detail": "is not on a quarter hour"}],
    ),
    _problem(
        "too-many-manifests",
        422,
        "Too much is stated of one day or window",
        "at most 200 windows that begin on 2026-10-05 UTC are kept; nothing was recorded",
        subject="windows that begin on 2026-10-05 UTC",
        limit=200,
    ),
    _problem(
        "no-such-batch",
        404,
        "There is no such batch",
        "there is no batch '4711'",
        batch="4711",
    ),
    _problem(
        "length-required",
        411,
        "The length of the body is needed",
        "send Content-Length",
    ),
    _problem(
        "body-too-large",
        413,
        "The body is too large",
        "the body is larger than 16777216 bytes; send smaller batches",
        limit=16_777_216,
        decompressed=False,
    ),
    _problem(
        "too-many-events",
        413,
        "The batch holds too many events",
        "the batch holds 10001 events; send at most 10000 in one request",
        events=10_001,
        limit=10_000,
    ),
    _problem(
        "unsupported-content-type",
        415,
        "The body is in a form that is not read here",
        "'text/csv' is not accepted; send application/cloudevents+json, "
        "application/cloudevents-batch+json, application/json",
        content_type="text/csv",
    ),
    _problem(
        "unsupported-content-encoding",
        415,
        "The body is compressed in a way that is not read here",
        "Content-Encoding 'br' is not read; compress once, with gzip or zstd, or send the body "
        "plain",
        content_encoding="br",
        accepted=["gzip", "zstd"],
    ),
    _problem(
        "economy-span-refused",
        422,
        "The days cannot be shown",
        "days of Asia/Kolkata do not begin with an hour of UTC; ask for other days",
        why="days of Asia/Kolkata do not begin with an hour of UTC",
    ),
    _problem(
        "what-if-refused",
        422,
        "The comparison cannot be made",
        "to: must be 1 to 31 days after 2026-10-01",
        parameter="to",
    ),
    _problem(
        "quote-invalid",
        422,
        "The question makes no quote",
        "#/deployments/0: no deployment 'zw-qwen' is known to you",
        errors=[
            {"pointer": "#/deployments/0", "detail": "no deployment 'zw-qwen' is known to you"}
        ],
    ),
    _problem(
        "throttled",
        429,
        "Too many requests",
        "this key may be used 600 times a minute; try again in 1 s",
        requests_per_minute=600,
        retry_after_seconds=1,
    ),
    _problem(
        "database-unavailable",
        503,
        "The database does not answer",
        "try again in a moment; nothing of the request was stored",
    ),
)
PROBLEM_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    example["type"].rpartition("/")[2]: example for example in (*_EXAMPLES, *PUBLISHING_PROBLEMS)
}
