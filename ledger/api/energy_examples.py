"""A true example of every answer about the energy books, and of the problems that are its own."""

from typing import Any, Final

Example = dict[str, Any]

READING: Final[Example] = {
    "site": "zhongwei",
    "kind": "facility",
    "starts_at": "2026-10-01T00:00:00+08:00",
    "ends_at": "2026-10-01T00:15:00+08:00",
    "quantity": "412.5",
    "grade": "M",
    "source": "meter 7",
}
RECORDED: Final[Example] = {"new": 2976, "revised": 0, "unchanged": 0}
READING_PAGE: Final[Example] = {
    "items": [
        {
            **READING,
            "id": "4711",
            "starts_at": "2026-09-30T16:00:00Z",
            "ends_at": "2026-09-30T16:15:00Z",
            "revision": 1,
            "quantity": "412.500000000000",
            "recorded_at": "2026-11-02T03:00:00Z",
        }
    ],
    "next": None,
}
STATED_BILL: Final[Example] = {
    "site": "zhongwei",
    "document": "NX-2026-10-0815",
    "starts_on": "2026-10-01",
    "ends_on": "2026-11-01",
    "kwh": "128",
    "amount": "64.00",
    "currency": "CNY",
}
BILL: Final[Example] = {
    **STATED_BILL,
    "id": "12",
    "provider": "zhongwei",
    "kwh": "128.000000000000",
    "amount": "64.000000000000",
    "entry": "2050",
    "recorded_at": "2026-11-05T03:00:00Z",
}
BILL_PAGE: Final[Example] = {"items": [BILL], "next": None}
SITE_ENERGY: Final[Example] = {
    "site": "zhongwei",
    "month": "2026-10",
    "starts_at": "2026-09-30T16:00:00Z",
    "ends_at": "2026-10-31T16:00:00Z",
    "state": "current",
    "meters": [
        {
            "kind": "facility",
            "quantity": "130.000000000000",
            "complete": True,
            "gaps": 0,
            "missing": [],
        },
        {
            "kind": "it",
            "quantity": None,
            "complete": False,
            "gaps": 1,
            "missing": [
                {"starts_at": "2026-09-30T16:00:00Z", "ends_at": "2026-10-31T16:00:00Z"},
            ],
        },
    ],
    "booked": [
        {"provider": "zhongwei", "commodity": "CNY", "amount": "40.000000000000"},
        {"provider": "zhongwei", "commodity": "J", "amount": "360000000.000000000000"},
    ],
    "bills": [BILL],
    "true_up": {
        "run": 1,
        "recorded_at": "2026-11-05T04:00:00Z",
        "entries": ["2051"],
        "parts": [
            {"part": "usage", "commodity": "J", "amount": "108000000.000000000000"},
            {"part": "usage", "commodity": "CNY", "amount": "12.000000000000"},
            {"part": "price", "commodity": "CNY", "amount": "13.000000000000"},
        ],
        "shares": [
            {
                "provider": "zhongwei",
                "commodity": "J",
                "booked": "360000000.000000000000",
                "variance": "108000000.000000000000",
            }
        ],
        "notes": ["no complete IT readings: PUE is not told apart from usage"],
    },
}
SITE_GREEN: Final[Example] = {
    "site": "zhongwei",
    "month": "2026-10",
    "providers": [
        {
            "provider": "zhongwei",
            "consumed_watt_hours": "8.066666666667",
            "green_watt_hours": "4.033333333333",
            "matched_watt_hours": 4,
            "short_watt_hours": 0,
            "matched_share": "0.495867768595",
            "co2_location_grams": "4.840000000000",
            "co2_market_grams_booked": "2.420000000000",
            "co2_unmatched_grams": "0.020000000000",
            "co2_market_grams": "2.440000000000",
            "posted": True,
            "slots": [
                {
                    "starts_at": "2026-10-05T02:30:00Z",
                    "consumed_watt_hours": "8.066666666667",
                    "matched_watt_hours": 4,
                    "matched_share": "0.495867768595",
                }
            ],
        }
    ],
    "lots": [
        {
            "code": "wind-qh-2026-01",
            "kind": "GEC",
            "provider": "zhongwei",
            "zone": "CN-QH",
            "technology": "wind",
            "vintage": 2026,
            "produced_from": "2025-12-31T16:00:00Z",
            "produced_to": "2026-01-31T16:00:00Z",
            "watt_hours": 10,
            "cancelled_watt_hours": 4,
            "left_watt_hours": 6,
        }
    ],
}


def _problem(name: str, status: int, title: str, detail: str, **facts: Any) -> Example:
    return {
        "type": f"/problems/{name}",
        "title": title,
        "status": status,
        "detail": detail,
        **facts,
    }


NO_SUCH_SITE: Final[dict[str, Example]] = {
    "no-such-site": _problem(
        "no-such-site",
        404,
        "There is no such site",
        "there is no site 'nowhere'",
        site="nowhere",
    )
}
SITE_NOT_YOURS: Final[dict[str, Example]] = {
    **NO_SUCH_SITE,
    "site-shared": _problem(
        "site-shared",
        403,
        "Several providers share the site",
        "several providers serve at 'zhongwei', and none of them speaks for its meter: the"
        " platform records what it counts",
        site="zhongwei",
    ),
}
READINGS_REFUSED: Final[dict[str, Example]] = {
    **SITE_NOT_YOURS,
    "meter-readings-invalid": _problem(
        "meter-readings-invalid",
        422,
        "Some meter readings cannot be",
        "#/1: facility of zhongwei from 2026-09-30 16:15 to 2026-09-30 16:30 UTC overlaps the"
        " reading from 2026-09-30 16:00 to 2026-09-30 17:00 UTC; nothing was recorded",
        errors=[
            {
                "pointer": "#/1",
                "detail": "facility of zhongwei from 2026-09-30 16:15 to 2026-09-30 16:30 UTC"
                " overlaps the reading from 2026-09-30 16:00 to 2026-09-30 17:00 UTC",
            }
        ],
    ),
}
BILL_REFUSED: Final[dict[str, Example]] = {
    **SITE_NOT_YOURS,
    "energy-bill-invalid": _problem(
        "energy-bill-invalid",
        422,
        "The bill makes no sense",
        "ends_on must be later than starts_on, and within its month; nothing was booked",
        field="ends_on",
        expected="later than starts_on, and within its month",
    ),
    "energy-bill-differs": _problem(
        "energy-bill-differs",
        409,
        "The bill is booked with other figures",
        "document 'NX-2026-10-0815' of zhongwei is booked with other figures; book the utility's"
        " correction under its own number",
        site="zhongwei",
        document="NX-2026-10-0815",
    ),
    "unknown-currency": _problem(
        "unknown-currency",
        422,
        "The currency is not kept here",
        "'XYZ' is not a currency this ledger keeps; see MINOR_UNIT_DIGITS",
        currency="XYZ",
    ),
}
