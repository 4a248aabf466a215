"""GET /v1/accounts and below, /v1/entries/{id}: what the books say."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import answers, examples, pages, parameters, rendering, schema
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.books import reading
from ledger.books.reading import AccountBalance, AccountLine, EntryLines, PostingLine

CODE = schema.path(
    "code",
    description="The account's code; its colons may be percent-encoded or not.",
    example="consumer:acme:receivable:CNY",
)


class AccountsView(LedgerView):
    """The accounts of the caller."""

    scope = "books:read"

    @extend_schema(
        operation_id="list_accounts",
        tags=["books"],
        summary="List accounts",
        description="Scope `books:read`. Your party's accounts by code; the platform's key lists "
        "all of them.",
        parameters=[
            OpenApiParameter("prefix", description="Only codes that begin with this."),
            OpenApiParameter("commodity", description="Only accounts that keep this commodity."),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            answers.AccountPage,
            example=examples.ACCOUNT_PAGE,
            description="A page of accounts",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "prefix", "commodity", "limit", "cursor")
        rows = reading.accounts(
            caller_of(request).viewer,
            prefix=request.query_params.get("prefix"),
            commodity=request.query_params.get("commodity"),
            after=pages.text_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: row.code, render=_account))


class AccountView(LedgerView):
    """One account."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_account",
        tags=["books"],
        summary="Read an account",
        description="Scope `books:read`.",
        parameters=[CODE],
        responses=schema.answers(
            answers.Account,
            example=examples.ACCOUNT,
            description="The account",
            problems=[*schema.KEY_PROBLEMS, "no-such-account"],
        ),
    )
    def get(self, request: Request, code: str) -> Response:
        """Answer the account."""
        parameters.only(request)
        return Response(_account(reading.account(caller_of(request).viewer, code=code)))


class BalanceView(LedgerView):
    """The balance of an account."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_balance",
        tags=["books"],
        summary="Read a balance",
        description="Scope `books:read`. Debits are positive: what a consumer owes is positive on "
        "its receivable, what a provider is owed is negative on its payable. `debits` and "
        "`credits` are the two counters behind the balance.",
        parameters=[
            CODE,
            OpenApiParameter(
                "as_of",
                type=OpenApiTypes.DATE,
                description="Up to and including this accounting date; all of them if left out.",
            ),
        ],
        responses=schema.answers(
            answers.Balance,
            example=examples.BALANCE,
            description="The balance",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "no-such-account"],
        ),
    )
    def get(self, request: Request, code: str) -> Response:
        """Answer the balance."""
        parameters.only(request, "as_of")
        as_of = parameters.day(request, "as_of")
        balance = reading.balance(caller_of(request).viewer, code=code, as_of=as_of)
        return Response(_balance(balance))


class PostingsView(LedgerView):
    """The postings on an account."""

    scope = "books:read"

    @extend_schema(
        operation_id="list_postings",
        tags=["books"],
        summary="List the postings of an account",
        description="Scope `books:read`. Newest first: what is posted while you read on comes "
        "before your first page and moves nothing.",
        parameters=[CODE, schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            answers.PostingPage,
            example=examples.POSTING_PAGE,
            description="A page of postings",
            problems=[
                *schema.KEY_PROBLEMS,
                "invalid-parameter",
                "invalid-cursor",
                "no-such-account",
            ],
        ),
    )
    def get(self, request: Request, code: str) -> Response:
        """Answer a page."""
        parameters.only(request, "limit", "cursor")
        account, rows = reading.postings(
            caller_of(request).viewer,
            code=code,
            before=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        page = pages.page(request, rows, key=lambda row: (row.id,), render=_posting)
        return Response({"account": account.code, "commodity": account.commodity, **page})


class EntryView(LedgerView):
    """A journal entry."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_entry",
        tags=["books"],
        summary="Read a journal entry",
        description="Scope `books:read`. Shows the postings on your accounts; the platform's key "
        "shows all of them, and they sum to zero per commodity.",
        parameters=[schema.path("entry_id", description="The entry's id.", example="1024")],
        responses=schema.answers(
            answers.Entry,
            example=examples.ENTRY,
            description="The entry",
            problems=[*schema.KEY_PROBLEMS, "no-such-entry"],
        ),
    )
    def get(self, request: Request, entry_id: int) -> Response:
        """Answer the entry."""
        parameters.only(request)
        return Response(_entry(reading.entry(caller_of(request).viewer, entry_id=entry_id)))


def _account(account: AccountLine) -> dict[str, Any]:
    return {
        "code": account.code,
        "party": account.party,
        "purpose": account.purpose,
        "component": account.component,
        "commodity": account.commodity,
    }


def _balance(balance: AccountBalance) -> dict[str, Any]:
    return {
        "account": balance.account.code,
        "commodity": balance.account.commodity,
        "as_of": rendering.day_or_null(balance.as_of),
        "debits": rendering.amount(balance.debits),
        "credits": rendering.amount(balance.credits),
        "balance": rendering.amount(balance.balance),
    }


def _posting(posting: PostingLine) -> dict[str, Any]:
    return {
        "id": str(posting.id),
        "amount": rendering.amount(posting.amount),
        "entry": str(posting.entry_id),
        "kind": posting.kind,
        "accounting_date": posting.accounting_date.isoformat(),
        "recorded_at": rendering.instant(posting.recorded_at),
        "narrative": posting.narrative,
    }


def _entry(entry: EntryLines) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "kind": entry.kind,
        "accounting_date": entry.accounting_date.isoformat(),
        "recorded_at": rendering.instant(entry.recorded_at),
        "narrative": entry.narrative,
        "agreement": entry.agreement,
        "period_starts_on": rendering.day_or_null(entry.period_starts_on),
        "prior_period": entry.prior_period,
        "reference": entry.reference,
        "reverses": rendering.id_or_null(entry.reverses_id),
        "reversed_by": rendering.id_or_null(entry.reversed_by_id),
        "postings": [
            {
                "account": posting.account,
                "commodity": posting.commodity,
                "amount": rendering.amount(posting.amount),
            }
            for posting in entry.postings
        ],
    }
