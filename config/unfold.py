"""The settings of the operators' site: its names, its look, and where the sidebar leads."""

from typing import Any, Final

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _leads_to(title: str, icon: str, view: str, permission: str) -> dict[str, Any]:
    """Return a line of the sidebar, for those who have the permission."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{view}"),
        "permission": lambda request: request.user.has_perm(permission),
    }


def _lists(title: str, icon: str, model: str, app: str = "ledger") -> dict[str, Any]:
    """Return a line of the sidebar that leads to a list."""
    return _leads_to(title, icon, f"{app}_{model}_changelist", f"{app}.view_{model}")


def _besides(line: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """Return a line that is not lit where one of `others`, whose pages lie below its own, is."""

    def is_lit(request: HttpRequest) -> bool:
        here = request.path
        return here.startswith(str(line["link"])) and not any(
            here.startswith(str(other["link"])) for other in others
        )

    return {**line, "active": is_lit}


OVERVIEW: Final = [
    {"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")},
]
BOOKS: Final = [
    _lists("Accounts", "account_balance", "account"),
    _lists("Journal entries", "receipt_long", "journalentry"),
    _lists("Periods", "calendar_month", "period"),
]
TOTALS: Final = _leads_to("Totals", "monitoring", "ledger_usage_totals", "ledger.view_usageentry")
ECONOMY: Final = _leads_to(
    "Token economy", "insights", "ledger_token_economy", "ledger.view_usageentry"
)
SET_ASIDE: Final = _leads_to(
    "Set aside", "hourglass_empty", "ledger_set_aside", "ledger.view_usagebatch"
)
UNMAPPED: Final = _leads_to("Unmapped names", "help", "ledger_unmapped", "ledger.view_sourcename")
COVERAGE: Final = _leads_to("Coverage", "fact_check", "ledger_coverage", "ledger.view_source")
USAGE: Final = [
    ECONOMY,
    TOTALS,
    _besides(_lists("Usage entries", "list_alt", "usageentry"), TOTALS, ECONOMY),
    _besides(_lists("Batches", "inbox", "usagebatch"), SET_ASIDE),
    COVERAGE,
    SET_ASIDE,
    _lists("Corrections", "undo", "correction"),
    _lists("Re-ratings", "price_change", "rerating"),
    UNMAPPED,
    _lists("Archived months", "inventory_2", "archivedmonth"),
]
SITES_ENERGY: Final = _leads_to(
    "Energy by site", "electric_bolt", "ledger_energy", "ledger.view_energytrueup"
)
ENERGY: Final = [
    SITES_ENERGY,
    _besides(_lists("True-ups", "balance", "energytrueup"), SITES_ENERGY),
    _lists("Meter readings", "speed", "meterreading"),
    _lists("Energy bills", "receipt", "energybill"),
]
SETTLEMENT: Final = [
    _lists("Settlements", "handshake", "settlement", app="settlement"),
]
QUOTE: Final = _leads_to("Quote", "request_quote", "ledger_quote", "ledger.view_pricerate")
WHAT_IF: Final = _leads_to("What if", "alt_route", "ledger_what_if", "ledger.view_pricerate")
MARKET: Final = _leads_to(
    "Cost and market", "compare_arrows", "ledger_market_coverage", "ledger.view_marketprice"
)
PRICES: Final = [
    QUOTE,
    WHAT_IF,
    MARKET,
    _besides(_lists("Market prices", "storefront", "marketprice"), MARKET),
    _lists("Slot rates", "schedule", "slotrate"),
    _besides(_lists("Price rates", "sell", "pricerate"), QUOTE, WHAT_IF),
]
PARTIES: Final = [
    _lists("Parties", "groups", "party"),
    _lists("Agreements", "contract", "agreement"),
    _lists("Deployments", "dns", "deployment"),
    _besides(_lists("Sources", "sensors", "source"), COVERAGE),
    _besides(_lists("Names", "badge", "sourcename"), UNMAPPED),
    _lists("API keys", "key", "apikey"),
]
CATALOGUE: Final = [
    _lists("Publications", "publish", "publication"),
    _lists("Proposals", "rule", "proposal"),
    _lists("Provenance", "verified", "provenance"),
    _lists("Agreement terms", "contract_edit", "agreementversion"),
    _lists("Rate cards", "style", "ratecard"),
    _lists("Rate card terms", "price_change", "ratecardversion"),
    _lists("Deployment terms", "tune", "deploymentterms"),
    _lists("Scarcity policies", "stacked_line_chart", "scarcitypolicy"),
    _lists("Loads of deployments", "monitoring", "deploymentload"),
    _lists("Serving profiles", "speed", "servingprofile"),
    _lists("Benchmarks", "science", "benchmark"),
    _lists("Hardware", "memory", "hardware"),
    _lists("GPU hours", "timelapse", "gpuhourprice"),
    _lists("Sites", "location_on", "site"),
    _lists("PUE", "ac_unit", "sitepue"),
    _lists("Tariffs of sites", "bolt", "sitetariff"),
    _lists("Tariffs", "electric_meter", "tariff"),
    _lists("Tariff terms", "query_stats", "tariffversion"),
    _lists("Holidays", "event", "holidayyear"),
    _lists("Green supplies", "eco", "greensupply"),
    _lists("Certificate lots", "workspace_premium", "certificatelot"),
    _lists("Carbon factors", "co2", "carbonfactor"),
    _lists("FX rates", "currency_exchange", "fxrate"),
]
PEOPLE: Final = [
    _lists("Users", "person", "user", app="auth"),
    _lists("Groups", "group", "group", app="auth"),
]

SETTINGS: Final[dict[str, Any]] = {
    "SITE_TITLE": "Clearwatt",
    "SITE_HEADER": "Clearwatt",
    "SITE_SUBHEADER": "All times are UTC",
    "SITE_SYMBOL": "bolt",
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("ledger/favicon.svg"),
        }
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "settlement.admin.dashboard.dashboard",
    "STYLES": [lambda _request: static("ledger/admin.css")],
    "SIDEBAR": {
        "navigation": [
            {"items": OVERVIEW},
            {"title": "Books", "items": BOOKS},
            {"title": "Usage", "items": USAGE},
            {"title": "Energy", "items": ENERGY},
            {"title": "Settlement", "items": SETTLEMENT},
            {"title": "Prices", "items": PRICES},
            {"title": "Parties", "items": PARTIES},
            {"title": "Catalogue", "collapsible": True, "items": CATALOGUE},
            {"title": "People", "items": PEOPLE},
        ]
    },
    "COLORS": {
        "primary": {
            "50": "#ecfdf5",
            "100": "#d1fae5",
            "200": "#a7f3d0",
            "300": "#6ee7b7",
            "400": "#34d399",
            "500": "#10b981",
            "600": "#047857",
            "700": "#046c4e",
            "800": "#065f46",
            "900": "#064e3b",
            "950": "#022c22",
        }
    },
}
