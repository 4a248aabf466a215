"""Admin classes for what is only looked at, with pages of their own where a form would not do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer
from ledger.rating.archive.records import MonthArchived

if TYPE_CHECKING:
    # unfold ships no types; its class takes the place of Django's.
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

OPERATOR: Final = Viewer(party_id=0, sees_all=True)
"""Whoever may enter the admin site looks at the books of all parties."""

PAGE_ROWS: Final = 50

M = TypeVar("M", bound=Model)


class ReadOnlyAdmin(ModelAdmin[M]):
    """Lists and shows rows; adds, changes and deletes none, whoever asks.

    Large tables are never counted: pages have a next one as long as they are full.
    """

    actions = None
    list_per_page = PAGE_ROWS
    list_select_related: ClassVar[bool | list[str] | tuple[str, ...]] = True
    paginator = InfinitePaginator
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: M | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: M | None = None) -> bool:
        """Refuse."""
        return False


class PageAdmin(ReadOnlyAdmin[M]):
    """Shows a row on a page of its own, made of what `page` returns."""

    page_template: ClassVar[str]

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """Return what the template shows, `title` among it; None if there is no such thing.

        A LedgerError of the reading function says the same.
        """
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002 - Django passes it; there is no form
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page; there is nothing to send to it."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        allowed(self, request)
        try:
            context = self.page(request, object_id)
        except MonthArchived as archived:
            return gone(self, request, object_id, why=str(archived))
        except LedgerError:
            context = None
        if context is None:
            return gone(self, request, object_id)
        return show(self, request, self.page_template, {**context, **(extra_context or {})})


def allowed(admin: ModelAdmin[Any], request: HttpRequest) -> None:
    """Let pass who may view the admin's model.

    :raises PermissionDenied: if the user may not.
    """
    if not admin.has_view_permission(request):
        raise PermissionDenied


def show(
    admin: ModelAdmin[Any], request: HttpRequest, template: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Return a page of our own within the admin site's frame."""
    request.current_app = admin.admin_site.name
    frame = {**admin.admin_site.each_context(request), "opts": admin.opts}
    return TemplateResponse(request, template, {**frame, **context})


def gone(admin: ModelAdmin[Any], request: HttpRequest, name: str, *, why: str = "") -> HttpResponse:
    """Say that there is no such thing, or why it is not here, and lead back to the list."""
    said = f"{name}: {why}." if why else f"There is no {admin.opts.verbose_name} {name}."
    messages.warning(request, said)
    where = f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist"
    return HttpResponseRedirect(reverse(where))


def link(address: str, text: object) -> SafeString:
    """Return a link for a column of a list."""
    return format_html('<a class="cw-link" href="{}">{}</a>', address, text)


def whole_number(text: str | None) -> int | None:
    """Read an id from the address; what is none counts as absent.

    >>> whole_number("12"), whole_number("x"), whole_number(None)
    (12, None, None)
    """
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004 - a bigint
