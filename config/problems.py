"""Every error as application/problem+json (RFC 9457): one table, one handler, one page each."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from ledger.constraints import refusal
from ledger.errors import LedgerError

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
API_PREFIXES: Final = ("/v1/", "/api/")
RESERVED: Final = frozenset({"type", "title", "status", "detail", "instance"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal: its HTTP status, and its title, the same every time."""

    status: int
    title: str


# Each has a heading in docs/problems.md, from which its page is made.
PROBLEMS: Final[Mapping[str, Problem]] = {
    # the request
    "invalid-request": Problem(400, "The request is not as the API describes it"),
    "invalid-parameter": Problem(400, "A parameter has no such value"),
    "invalid-cursor": Problem(400, "The cursor is not one of ours"),
    "unreadable-body": Problem(400, "The body cannot be read"),
    "events-refused": Problem(400, "Some events of the batch were not taken"),
    "key-missing": Problem(401, "An API key is needed"),
    "key-unknown": Problem(401, "The API key is unknown"),
    "key-expired": Problem(401, "The API key has expired"),
    "key-revoked": Problem(401, "The API key is revoked"),
    "signature-missing": Problem(401, "The request is not signed"),
    "signature-invalid": Problem(401, "The signature does not hold"),
    "signature-out-of-time": Problem(401, "The request was not signed now"),
    "forbidden": Problem(403, "This is not allowed"),
    "address-not-allowed": Problem(403, "The API key is not accepted from here"),
    "source-not-allowed": Problem(403, "The API key is for other sources"),
    "scope-missing": Problem(403, "The API key lacks a scope"),
    "party-not-allowed": Problem(403, "This is for other parties"),
    "key-without-user": Problem(403, "The API key acts for no person"),
    "not-found": Problem(404, "There is nothing here"),
    "method-not-allowed": Problem(405, "The method is not offered here"),
    "not-acceptable": Problem(406, "The answer cannot be given in this form"),
    "signature-replayed": Problem(409, "This very request was received before"),
    "length-required": Problem(411, "The length of the body is needed"),
    "body-too-large": Problem(413, "The body is too large"),
    "too-many-events": Problem(413, "The batch holds too many events"),
    "unsupported-content-type": Problem(415, "The body is in a form that is not read here"),
    "unsupported-content-encoding": Problem(
        415, "The body is compressed in a way that is not read here"
    ),
    "throttled": Problem(429, "Too many requests"),
    "internal-error": Problem(500, "Something failed here"),
    "secret-unreadable": Problem(503, "A signing secret cannot be read here"),
    "database-unavailable": Problem(503, "The database does not answer"),
    # parties and keys
    "scope-unknown": Problem(422, "There is no such scope"),
    "scope-not-for-party": Problem(422, "The scope is for other parties"),
    "key-bound-invalid": Problem(422, "A bound of the key cannot be"),
    "two-secrets-in-use": Problem(409, "The key has two signing secrets"),
    "party-unknown": Problem(422, "There is no such party"),
    "user-unknown": Problem(422, "There is no such user"),
    # usage and prices
    "no-such-source": Problem(404, "There is no such source"),
    "no-such-batch": Problem(404, "There is no such batch"),
    "no-such-event": Problem(404, "There is no such event"),
    "no-such-correction": Problem(404, "There is no such correction"),
    "source-not-named": Problem(422, "An event needs its source to be named"),
    "event-named-twice": Problem(422, "One event is to be corrected twice at once"),
    "event-no-longer-stands": Problem(409, "Nothing is left of the event"),
    "event-corrected-meanwhile": Problem(409, "Others correct the same events"),
    "no-such-usage-entry": Problem(404, "There is no such usage entry"),
    "month-archived": Problem(410, "The month is archived"),
    "already-archived": Problem(409, "The month is archived already"),
    "nothing-to-archive": Problem(404, "There is nothing of this month"),
    "not-ready-to-archive": Problem(409, "Usage of the month is not settled yet"),
    "month-not-archivable": Problem(409, "The month stays in the usage journal"),
    "not-archived": Problem(409, "The month is not archived"),
    "archive-missing": Problem(409, "The file of the archive is not here"),
    "archive-differs": Problem(409, "The file is not the one that was archived"),
    "month-not-restorable": Problem(409, "The month stays in its archive"),
    "manifest-invalid": Problem(422, "The manifest makes no sense"),
    "too-many-manifests": Problem(422, "Too much is stated of one day or window"),
    "document-invalid": Problem(422, "The catalogue document is not valid"),
    "invalid-cost-input": Problem(422, "A figure of the cost makes no sense"),
    "code-invalid": Problem(422, "The code has another form than account codes allow"),
    "invalid-holidays": Problem(422, "The days of the holiday calendar make no sense"),
    "invalid-price-day": Problem(422, "The day of market prices is not complete or not exact"),
    "price-table-invalid": Problem(422, "The table of market prices cannot be read"),
    "invalid-tariff": Problem(422, "The tariff is not complete or contradicts itself"),
    "invalid-terms": Problem(422, "The terms of the rate card make no sense"),
    "invalid-volume-terms": Problem(422, "The volume terms of the agreement make no sense"),
    "invalid-scarcity": Problem(422, "The scarcity policy makes no sense"),
    "no-calendar-year": Problem(422, "The holidays of this year are not known"),
    "correction-invalid": Problem(422, "This is no correction"),
    "no-such-proposal": Problem(404, "There is no such proposal"),
    "proposal-not-open": Problem(409, "The proposal is decided"),
    "proposal-outdated": Problem(409, "The catalogue changed since the proposal was made"),
    "proposer-approves": Problem(403, "Who proposed a change of prices does not publish it"),
    "proposer-unknown": Problem(403, "A change of prices is proposed by a person"),
    "rerating-scope-invalid": Problem(422, "This says no usage to re-rate"),
    "nothing-to-rerate": Problem(409, "Re-rating would change nothing"),
    "no-such-rerating": Problem(404, "There is no such re-rating"),
    "rerating-not-open": Problem(409, "The re-rating is past that"),
    "rerating-approver-proposed": Problem(403, "Who proposed a re-rating does not approve it"),
    "rerating-stale": Problem(409, "The re-rating would do something else by now"),
    "names-invalid": Problem(422, "The list of mappings is not valid"),
    "economy-span-refused": Problem(422, "The days cannot be shown"),
    "what-if-refused": Problem(422, "The comparison cannot be made"),
    "market-package-missing": Problem(409, "No public list prices are installed"),
    "quote-invalid": Problem(422, "The question makes no quote"),
    "source-name-invalid": Problem(422, "The mapping of a name makes no sense"),
    "rate-out-of-range": Problem(422, "A rate is too large"),
    "version-not-on-quarter-hour": Problem(422, "Versions begin on a quarter hour"),
    # the energy books
    "no-such-site": Problem(404, "There is no such site"),
    "site-shared": Problem(403, "Several providers share the site"),
    "site-without-provider": Problem(422, "Nobody serves at the site"),
    "meter-readings-invalid": Problem(422, "Some meter readings cannot be"),
    "meter-readings-incomplete": Problem(409, "Meter readings of the month are missing"),
    "meter-columns-missing": Problem(422, "The file does not name its columns"),
    "certificate-lot-invalid": Problem(422, "The lot of certificates makes no sense"),
    "energy-bill-invalid": Problem(422, "The bill makes no sense"),
    "energy-bill-differs": Problem(409, "The bill is booked with other figures"),
    # books
    "ledger-error": Problem(422, "The ledger refuses this"),
    "refused-by-the-books": Problem(409, "The books refuse this"),
    "append-only": Problem(409, "What is recorded is never changed"),
    "entry-out-of-balance": Problem(422, "The entry does not balance"),
    "entry-already-recorded": Problem(409, "The entry is recorded already"),
    "posting-amount-invalid": Problem(422, "A posting needs an amount that is not zero"),
    "already-posted": Problem(409, "This is in the journal already"),
    "no-such-account": Problem(404, "There is no such account"),
    "no-such-entry": Problem(404, "There is no such journal entry"),
    "invalid-account-code": Problem(422, "This is not an account code"),
    "period-closed": Problem(409, "The period is closed"),
    "invalid-month": Problem(422, "This is not a month"),
    "unknown-currency": Problem(422, "The currency is not kept here"),
    # settlement
    "month-not-over": Problem(409, "The month is not over yet"),
    "period-not-ready": Problem(409, "Events of the month are not in the books yet"),
    "month-still-open": Problem(409, "The month is not closed yet"),
    "already-settled": Problem(409, "The month is settled"),
    "agreement-out-of-balance": Problem(409, "Money of the agreement stands elsewhere"),
    "no-such-settlement": Problem(404, "There is no such settlement"),
    "settlement-not-open": Problem(409, "The settlement is not up for approval"),
    "checker-is-maker": Problem(403, "Who calculated a settlement does not approve it"),
    "settlement-changed": Problem(409, "The books changed since the settlement was calculated"),
    "control-totals-differ": Problem(409, "The export does not add up to the books"),
}

# What Django and DRF raise by themselves; the first that fits, so subclasses stand before bases.
FOREIGN: Final[tuple[tuple[type[Exception], str], ...]] = (
    (Http404, "not-found"),
    (exceptions.NotFound, "not-found"),
    (exceptions.MethodNotAllowed, "method-not-allowed"),
    (exceptions.NotAcceptable, "not-acceptable"),
    (exceptions.UnsupportedMediaType, "unsupported-content-type"),
    (exceptions.Throttled, "throttled"),
    (exceptions.ParseError, "unreadable-body"),
    (exceptions.ValidationError, "invalid-request"),
    (exceptions.NotAuthenticated, "key-missing"),
    (exceptions.AuthenticationFailed, "key-unknown"),
    (exceptions.PermissionDenied, "forbidden"),
    (PermissionDenied, "forbidden"),
    (OperationalError, "database-unavailable"),
    (InterfaceError, "database-unavailable"),
)

CHALLENGE: Final = 'Bearer realm="clearwatt"'
INVALID_TOKEN: Final = f'{CHALLENGE}, error="invalid_token"'
BAD_KEYS: Final = ("key-unknown", "key-expired", "key-revoked")
RETRY_AFTER_SECONDS: Final = "5"


def handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of an API view as a problem; what nobody foresaw is logged and a 500."""
    if isinstance(error, IntegrityError):
        error = refusal(error) or error
    name = name_of(error)
    body = document(name, detail=_detail(error, name), facts=_facts(error))
    if name == "internal-error":
        logger.error(
            "request failed",
            exc_info=error,
            extra={"view": type(context.get("view")).__name__},
        )
    elif isinstance(error, DatabaseError | InterfaceError):
        logger.error("database did not answer", extra={"error": str(error)})
    set_rollback()
    return Response(
        body, status=body["status"], headers=_headers(error, name), content_type=MEDIA_TYPE
    )


def name_of(error: Exception) -> str:
    """Return the problem's name: the last segment of its type."""
    if isinstance(error, LedgerError):
        return error.problem if error.problem in PROBLEMS else LedgerError.problem
    return next((name for kind, name in FOREIGN if isinstance(error, kind)), "internal-error")


def document(name: str, *, detail: str, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the members of a problem document: the standard ones first, then the facts."""
    problem = PROBLEMS[name]
    return {
        "type": f"/problems/{name}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        **(facts or {}),
    }


def respond(name: str, *, detail: str) -> JsonResponse:
    """Answer with a problem from outside of DRF."""
    return JsonResponse(
        document(name, detail=detail), status=PROBLEMS[name].status, content_type=MEDIA_TYPE
    )


@csrf_exempt  # whoever calls the API has no cookie to be abused, and is to read a problem
def no_such_path(request: HttpRequest) -> HttpResponse:
    """Answer a path of the API that does not exist, with or without DEBUG."""
    return respond("not-found", detail=f"{request.path} is no path of this API")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Be Django's handler400: a problem under the API, a page elsewhere."""
    if request.path.startswith(API_PREFIXES):
        return respond("invalid-request", detail="the request cannot be understood")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Be Django's handler404: a problem under the API, a page elsewhere."""
    if request.path.startswith(API_PREFIXES):
        return respond("not-found", detail=f"{request.path} is no path of this API")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Be Django's handler500: a problem under the API, a page elsewhere."""
    if request.path.startswith(API_PREFIXES):
        return respond("internal-error", detail="it is logged; nothing of the request was stored")
    return defaults.server_error(request)


def _detail(error: Exception, name: str) -> str:
    if name == "internal-error":
        return "it is logged; nothing of the request was stored"
    if name == "database-unavailable":
        return "try again in a moment; nothing of the request was stored"
    if name == "not-found" and not isinstance(error, LedgerError):
        return "there is no such path or thing, or it is not yours to see"
    if isinstance(error, exceptions.ValidationError):
        return "see errors"
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return str(error) or PROBLEMS[name].title


def _facts(error: Exception) -> dict[str, Any]:
    """Return what the error knows beside its sentence, as JSON."""
    if isinstance(error, LedgerError):
        return {
            key: _plain(value)
            for key, value in vars(error).items()
            if key not in RESERVED and not key.startswith("_")
        }
    if isinstance(error, exceptions.ValidationError):
        return {"errors": error.get_full_details()}
    if isinstance(error, exceptions.Throttled):
        return {"retry_after_seconds": _wait(error)}
    return {}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if value is None or isinstance(value, bool | int | str):
        return value
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _headers(error: Exception, name: str) -> dict[str, str]:
    if PROBLEMS[name].status == status.HTTP_401_UNAUTHORIZED:
        return {"WWW-Authenticate": INVALID_TOKEN if name in BAD_KEYS else CHALLENGE}
    if name == "database-unavailable":
        return {"Retry-After": RETRY_AFTER_SECONDS}
    if name == "unsupported-content-encoding":
        return {"Accept-Encoding": ", ".join(getattr(error, "accepted", ()))}
    if name == "throttled" and (seconds := _wait(error)) is not None:
        return {"Retry-After": str(seconds)}
    return {}


def _wait(error: Exception) -> int | None:
    """Return for how many seconds to wait, as our own error says it, or DRF's."""
    wait: int | None = getattr(error, "retry_after_seconds", getattr(error, "wait", None))
    return wait
