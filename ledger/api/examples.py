"""A true example of every answer, for the OpenAPI document.

They tell one story: the provider zhongwei serves the consumer acme on 5 October 2026.
"""

from typing import Any, Final

Example = dict[str, Any]

EVENT: Final[Example] = {
    "specversion": "1.0",
    "id": "019a2b7c-5d1e-7000-8000-00000000002a",
    "source": "urn:gateway:zhongwei-1",
    "type": "ai.usage",
    "subject": "acme",
    "time": "2026-10-05T09:30:00.250Z",
    "data": {
        "deployment": "zw-llama",
        "usage": {"input": 800, "cache_read": 1200, "output": 500},
        "status": "complete",
        "project": "search",
        "attributes": {"request": "r-42"},
    },
}
SURFACE_EVENT: Final[Example] = {
    **EVENT,
    "id": "019a2b7c-5d1e-7000-8000-00000000002b",
    "data": {
        "deployment": "zw-llama",
        "surface": "openai-chat",
        "usage": {
            "prompt_tokens": 2000,
            "completion_tokens": 500,
            "total_tokens": 2500,
            "prompt_tokens_details": {"cached_tokens": 1200},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    },
}
LITELLM_PAYLOAD: Final[Example] = {
    "status": "success",
    "id": "chatcmpl-b94e4dfe-f839-4322-b80c-d76bedbe500a",
    "litellm_call_id": "cdb3ccf9-06b8-48f9-a4fb-57dabe870b60",
    "call_type": "acompletion",
    "endTime": 1791192600.25,
    "model_group": "llama-70b",
    "api_base": "http://gpu-west.internal:8000/v1",
    "custom_llm_provider": "openai",
    "prompt_tokens": 2000,
    "completion_tokens": 500,
    "total_tokens": 2500,
    "metadata": {
        "user_api_key_alias": "acme-production",
        "usage_object": {
            "prompt_tokens": 2000,
            "completion_tokens": 500,
            "total_tokens": 2500,
            "prompt_tokens_details": {"cached_tokens": 1200},
        },
    },
}
OPENMETER_EVENT: Final[Example] = {
    "specversion": "1.0",
    "id": "5c10fade-1c9e-4d6c-8275-c52c36731d3c",
    "source": "chat-app",
    "type": "prompt",
    "subject": "acme",
    "time": "2026-10-05T09:30:00.250Z",
    "data": {"tokens": 2000, "model": "llama-70b", "type": "input"},
}
RECEIPT: Final[Example] = {
    "batch": "77",
    "accepted": 998,
    "duplicates": 1,
    "conflicts": 0,
    "rejected": 1,
    "items": [
        {
            "index": 17,
            "status": "duplicate",
            "code": "already_recorded",
            "detail": "this event is recorded already, with the same content",
        },
        {
            "index": 430,
            "status": "rejected",
            "code": "invalid_event",
            "detail": "#/430/data/usage/output: expected `int` >= 0",
        },
    ],
}
ACCOUNT: Final[Example] = {
    "code": "consumer:acme:receivable:CNY",
    "party": "acme",
    "purpose": "receivable",
    "component": "",
    "commodity": "CNY",
}
ACCOUNT_PAGE: Final[Example] = {
    "items": [ACCOUNT],
    "next": "https://clearwatt.example/v1/accounts?cursor=ImNvbnN1bWVyOmFjbWU6cmVjZWl2YWJsZTpDTlki",
}
BALANCE: Final[Example] = {
    "account": "consumer:acme:receivable:CNY",
    "commodity": "CNY",
    "as_of": "2026-10-31",
    "debits": "1843.204417905312",
    "credits": "0.000000000000",
    "balance": "1843.204417905312",
}
POSTING_PAGE: Final[Example] = {
    "account": "consumer:acme:receivable:CNY",
    "commodity": "CNY",
    "items": [
        {
            "id": "9041",
            "amount": "61.440147263511",
            "entry": "1024",
            "kind": "usage",
            "accounting_date": "2026-10-05",
            "recorded_at": "2026-10-05T09:30:01.120000Z",
            "narrative": "usage of 2026-10-05 under zhongwei-acme",
        }
    ],
    "next": None,
}
ENTRY: Final[Example] = {
    "id": "1024",
    "kind": "usage",
    "accounting_date": "2026-10-05",
    "recorded_at": "2026-10-05T09:30:01.120000Z",
    "narrative": "usage of 2026-10-05 under zhongwei-acme",
    "agreement": "zhongwei-acme",
    "period_starts_on": "2026-10-01",
    "prior_period": False,
    "reference": None,
    "reverses": None,
    "reversed_by": None,
    "postings": [
        {"account": "consumer:acme:energy:J", "commodity": "J", "amount": "1550.190000000000"},
        {
            "account": "consumer:acme:receivable:CNY",
            "commodity": "CNY",
            "amount": "61.440147263511",
        },
        {"account": "consumer:acme:tokens:TOK", "commodity": "TOK", "amount": "2500.000000000000"},
    ],
}
USAGE_ENTRY: Final[Example] = {
    "id": "202610-4711",
    "occurred_at": "2026-10-05T09:30:00.250000Z",
    "kind": "usage",
    "status": "complete",
    "corrects": None,
    "batch": "77",
    "row": 0,
    "source": "urn:gateway:zhongwei-1",
    "event_id": "019a2b7c-5d1e-7000-8000-00000000002a",
    "provider": "zhongwei",
    "consumer": "acme",
    "project": "search",
    "deployment": "zw-llama",
    "model": "llama-3.1-70b",
    "agreement": "zhongwei-acme",
    "entry": "1024",
    "context_from_tokens": 0,
    "service_tier": "standard",
    "tokens": {
        "input": 800,
        "cache_read": 1200,
        "cache_write_5m": 0,
        "cache_write_1h": 0,
        "output": 500,
        "reasoning": 0,
        "audio_input": 0,
        "audio_output": 0,
        "image_input": 0,
    },
    "energy_joules": "1550.190000000000",
    "co2_location_grams": "0.192500000000",
    "co2_market_grams": "0.049380000000",
    "currency": "CNY",
    "price": "0.010990204100",
    "fee_consumer": "0.000000000000",
    "cost": {
        "compute": "0.006560118000",
        "energy": "0.000235629000",
        "green": "0.000001426000",
        "scarcity": "0.002361330417",
        "margin": "0.001831700683",
        "fee_provider": "0.000164853000",
        "gpu_seconds": "1.211000000000",
    },
    "attributes": {"request": "r-42"},
    "written": {"consumer": "key-acme-search", "project": ""},
}
USAGE_ENTRY_PAGE: Final[Example] = {"items": [USAGE_ENTRY], "next": None}
BATCH: Final[Example] = {
    "id": "77",
    "provider": "zhongwei",
    "state": "rated",
    "received_at": "2026-10-05T09:30:00.900000Z",
    "rated_at": "2026-10-05T09:30:01.120000Z",
    "events": 998,
    "entered": 995,
    "set_aside": 3,
    "voided": 0,
    "waiting": 0,
    "reasons": [
        {
            "reason": "unknown_deployment",
            "missing": "deployment:zhongwei/zw-qwen",
            "events": 3,
            "oldest": "2026-10-05T09:30:01.120000Z",
        }
    ],
}
SET_ASIDE_PAGE: Final[Example] = {
    "items": [
        {
            "batch": "77",
            "row": 12,
            "provider": "zhongwei",
            "source": "urn:gateway:zhongwei-1",
            "event_id": "019a2b7c-5d1e-7000-8000-000000000036",
            "occurred_at": "2026-10-05T09:30:00.300000Z",
            "reason": "unknown_deployment",
            "missing": "deployment:zhongwei/zw-qwen",
            "detail": "",
            "since": "2026-10-05T09:30:01.120000Z",
            "attempts": 0,
            "retry_at": "2026-10-05T10:30:01.120000Z",
        }
    ],
    "next": None,
}
HEALTH: Final[Example] = {"status": "ok", "pending_batches": 0, "oldest_pending_seconds": None}
EXPLANATION: Final[Example] = {
    "usage_entry": USAGE_ENTRY,
    "names": [
        {
            "kind": "consumer",
            "written": "key-acme-search",
            "source": "urn:gateway:zhongwei-1",
            "code": "acme",
            "project": "search",
            "mapping": "7",
            "name": "key-acme-search",
            "every_source": False,
            "valid_from": "2026-10-01T00:00:00Z",
            "published_at": "2026-09-28T14:02:11.300000Z",
        }
    ],
    "slot": {"number": 1991318, "starts_at": "2026-10-05T09:30:00Z"},
    "corrections": [],
    "reratings": [],
    "price_rate": {
        "id": "12",
        "currency": "CNY",
        "compiled_at": "2026-10-05T09:30:01Z",
        "quantisation_bound": "0.50",
        "inputs": {"terms": {"fee_rate": "0.015", "fee_consumer_share": "0"}},
    },
    "slot_rate": {
        "id": "9",
        "currency": "CNY",
        "compiled_at": "2026-10-05T09:30:01Z",
        "quantisation_bound": "0.50",
        "inputs": {"pue": {"pue": "1.15", "provenance": "site-zhongwei"}},
    },
    "reported": {"embodied_grams": "0.030079000000", "water_litres": "0.002811000000"},
    "lines": [
        {
            "component": "compute",
            "unit": "CNY",
            "products": [
                {
                    "token_class": "input",
                    "tokens": 800,
                    "rate": "0.000002410000",
                    "amount": "0.001928000000",
                },
                {
                    "token_class": "output",
                    "tokens": 500,
                    "rate": "0.000009264236",
                    "amount": "0.004632118000",
                },
            ],
            "amount": "0.006560118000",
            "booked": "0.006560118000",
            "agrees": True,
        }
    ],
    "provenance": [
        {"figure": "pue", "grade": "P", "source": "National limit for PUE", "document": ""}
    ],
    "grade": "I",
    "grade_shares": {"O": "0.016789", "I": "0.983211"},
    "compared_price": None,
}
SOURCE: Final[Example] = {
    "id": "3",
    "uri": "urn:gateway:zhongwei-1",
    "provider": "zhongwei",
    "accepts_from": "2020-01-01T00:00:00Z",
    "first_seen_at": "2026-10-01T06:12:44.100000Z",
}
SOURCE_PAGE: Final[Example] = {"items": [SOURCE], "next": None}
NAME_PAGE: Final[Example] = {
    "items": [
        {
            "id": "7",
            "kind": "consumer",
            "name": "key-acme-search",
            "target": "acme",
            "project": "search",
            "every_source": False,
            "valid_from": "2026-10-01T00:00:00Z",
            "revision": 1,
            "publication": "12",
            "published_at": "2026-09-28T14:02:11.300000Z",
        },
        {
            "id": "8",
            "kind": "deployment",
            "name": "llama-3.1-70b",
            "target": "zw-llama",
            "project": "",
            "every_source": True,
            "valid_from": "2020-01-01T00:00:00Z",
            "revision": 1,
            "publication": "12",
            "published_at": "2026-09-28T14:02:11.300000Z",
        },
    ],
    "next": None,
}
WANTED_NAMES: Final[list[Example]] = [
    {"kind": "consumer", "name": "key-acme-search", "target": "acme", "project": "search"},
    {
        "kind": "deployment",
        "name": "llama-3.1-70b",
        "target": "zw-llama",
        "every_source": True,
        "valid_from": "2026-10-01T00:00:00Z",
    },
    {"kind": "consumer", "name": "key-left-us", "target": None},
]
EDITED_NAMES: Final[Example] = {
    "publication": "12",
    "added": 2,
    "names": [
        {
            "kind": "consumer",
            "name": "key-acme-search",
            "target": "acme",
            "project": "search",
            "every_source": False,
            "valid_from": "2020-01-01T00:00:00Z",
            "status": "added",
        },
        {
            "kind": "deployment",
            "name": "llama-3.1-70b",
            "target": "zw-llama",
            "project": "",
            "every_source": True,
            "valid_from": "2026-10-01T00:00:00Z",
            "status": "unchanged",
        },
        {
            "kind": "consumer",
            "name": "key-left-us",
            "target": None,
            "project": "",
            "every_source": False,
            "valid_from": "2026-10-05T09:45:00Z",
            "status": "added",
        },
    ],
}
UNMAPPED_PAGE: Final[Example] = {
    "items": [
        {
            "source": "3",
            "uri": "urn:gateway:zhongwei-1",
            "provider": "zhongwei",
            "kind": "deployment",
            "name": "qwen3-235b@north",
            "events": 3,
            "first_at": "2026-10-05T09:30:00.300000Z",
            "last_at": "2026-10-05T09:41:07Z",
            "since": "2026-10-05T09:30:01.120000Z",
        }
    ],
    "next": None,
}
