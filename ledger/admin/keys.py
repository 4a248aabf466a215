"""The keys of parties' machines: issued here, shown once, revoked for ever."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.debug import sensitive_variables

from ledger.admin.figures import utc
from ledger.admin.pages import ReadOnlyAdmin, gone, link, show
from ledger.errors import LedgerError
from ledger.parties import keys, signing
from ledger.parties.bounds import MOST_REQUESTS, Bounds
from ledger.parties.keys import Issued
from ledger.parties.models import ApiKey, Party


class NewKey(forms.Form):
    """What has to be said of a new key.

    A key acts in nobody's name or in the name of who issues it: with a key in another's name,
    one person could calculate a settlement and approve it.
    """

    party = forms.ModelChoiceField(Party.objects.order_by("code"), to_field_name="code")
    name = forms.CharField(max_length=100, help_text="What it is for, such as: gateway west")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in keys.SCOPES], widget=forms.CheckboxSelectMultiple
    )
    in_my_name = forms.BooleanField(
        required=False,
        label="Acts in my name",
        help_text="Approving settlements takes a person: the key's approvals count as yours.",
    )
    last_day = forms.DateField(
        required=False,
        label="Last day",
        help_text="The key expires at the end of this day, UTC; without one it does not expire.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    sources = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whose usage it may post, a source a line; of any source of the party if empty.",
    )
    networks = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="From where it may be used, a network or an address a line, such as "
        "192.0.2.0/24 or 2001:db8::/32; from anywhere if empty.",
    )
    requests_per_minute = forms.IntegerField(
        required=False,
        label="Requests a minute",
        min_value=1,
        max_value=MOST_REQUESTS,
        help_text="How often it may be used; as often as it likes if empty.",
    )
    signs = forms.BooleanField(
        required=False,
        label="Signs what it posts",
        help_text="A signing secret is shown with the key; what is not signed with it is refused.",
    )


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin[ApiKey]):
    """Keys without their secrets: issued here, shown once, revoked for ever."""

    list_display = (
        *("key", "name", "party", "acts_for", "may", "within", "state"),
        *("issued", "expires", "last_used", "revocation"),
    )
    list_display_links = None
    list_filter = ("party",)
    list_select_related = ("party", "user")
    search_fields = ("prefix", "name")
    search_help_text = "A key's prefix or name"
    ordering = ("-id",)
    list_before_template = "admin/ledger/issue_link.html"
    exclude = ("secret_hash", "signing_secret", "previous_signing_secret")
    may_issue: ClassVar[str] = "ledger.add_apikey"
    may_revoke: ClassVar[str] = "ledger.change_apikey"

    def get_urls(self) -> list[URLPattern]:
        """Add what issues and what revokes."""
        guarded = self.admin_site.admin_view
        return [
            path("issue/", guarded(self.issue_view), name="ledger_apikey_issue"),
            path("<str:prefix>/signing/", guarded(self.signing_view), name="ledger_apikey_signing"),
            path("<str:prefix>/revoke/", guarded(self.revoke_view), name="ledger_apikey_revoke"),
            *super().get_urls(),
        ]

    @admin.display(description="key", ordering="prefix")
    def key(self, key: ApiKey) -> str:
        """Show as much of the key as is known."""
        return f"cw_{key.prefix}_…"

    @admin.display(description="in the name of", ordering="user", empty_value="nobody")
    def acts_for(self, key: ApiKey) -> str | None:
        """Name the person whom the key acts for."""
        return key.user.get_username() if key.user else None

    @admin.display(description="may")
    def may(self, key: ApiKey) -> str:
        """List its scopes."""
        return ", ".join(key.scopes)

    @admin.display(description="only", empty_value="")
    def within(self, key: ApiKey) -> SafeString | None:
        """Say within which bounds it may do so."""
        bounds = [*(key.sources or ()), *(f"from {one}" for one in key.networks or ())]
        if key.requests_per_minute is not None:
            bounds.append(f"{key.requests_per_minute:,} requests a minute")
        if key.signing_secret is not None:
            bounds.append("signed")
        return format_html_join(mark_safe("<br>"), "{}", ((one,) for one in bounds)) or None

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        """Say whether it is in force."""
        if key.revoked_at:
            return f"revoked {utc(key.revoked_at)}"
        return "expired" if key.expires_at and key.expires_at <= timezone.now() else "in force"

    @admin.display(description="issued (UTC)", ordering="created_at")
    def issued(self, key: ApiKey) -> str:
        """Show when it was issued."""
        return utc(key.created_at)

    @admin.display(description="expires (UTC)", ordering="expires_at", empty_value="never")
    def expires(self, key: ApiKey) -> str | None:
        """Show when it expires."""
        return utc(key.expires_at) or None

    @admin.display(description="last used (UTC)", ordering="last_used_at", empty_value="never")
    def last_used(self, key: ApiKey) -> str | None:
        """Show when it was last used."""
        return utc(key.last_used_at) or None

    @admin.display(description="")
    def revocation(self, key: ApiKey) -> str | SafeString:
        """Lead to where a key in force is given signing secrets, and revoked."""
        if key.revoked_at:
            return ""
        return format_html(
            "{} {}",
            link(reverse("admin:ledger_apikey_signing", args=[key.prefix]), "Signing"),
            link(reverse("admin:ledger_apikey_revoke", args=[key.prefix]), "Revoke"),
        )

    def revoke_view(self, request: HttpRequest, prefix: str) -> HttpResponse:
        """Ask, then revoke."""
        if not request.user.has_perm(self.may_revoke):
            raise PermissionDenied
        home = reverse("admin:ledger_apikey_changelist")
        if request.method != "POST":
            key = ApiKey.objects.filter(prefix=prefix).select_related("party").first()
            if key is None:
                return gone(self, request, f"cw_{prefix}_…")
            context = {"title": f"Revoke cw_{prefix}_…", "key": key}
            return show(self, request, "admin/ledger/revoke.html", context)
        try:
            in_force = keys.revoke(prefix, now=timezone.now())
        except keys.KeyUnknown as error:
            messages.error(request, str(error))
        else:
            said = "is revoked" if in_force else "was revoked before"
            messages.success(request, f"Key cw_{prefix}_… {said}.")
        return HttpResponseRedirect(home)

    def issue_view(self, request: HttpRequest) -> HttpResponse:
        """Take what a new key is for, issue it, and show it this once."""
        if not request.user.has_perm(self.may_issue):
            raise PermissionDenied
        form = NewKey(request.POST or None)
        issued = None
        if request.method == "POST" and form.is_valid():
            try:
                issued = _issue(form.cleaned_data, username=request.user.get_username())
            except LedgerError as error:
                form.add_error(None, str(error))
        context = {"title": "Issue an API key", "form": form, "issued": issued}
        return _unkept(show(self, request, "admin/ledger/issue.html", context))

    def signing_view(self, request: HttpRequest, prefix: str) -> HttpResponse:
        """Show how a key signs, and do what is asked; a new secret is shown this once."""
        act = request.POST.get("act", "")
        if not request.user.has_perm(self.may_issue if act == "renew" else self.may_revoke):
            raise PermissionDenied
        secret = None
        try:
            if request.method == "POST":
                secret = _do(act, prefix)
        except LedgerError as error:
            messages.error(request, str(error))
        key = ApiKey.objects.filter(prefix=prefix, revoked_at=None).select_related("party").first()
        if key is None:
            return gone(self, request, f"cw_{prefix}_…")
        context = {"title": f"Signing of cw_{prefix}_…", "key": key, "secret": secret}
        return _unkept(show(self, request, "admin/ledger/signing.html", context))


@sensitive_variables()
def _do(act: str, prefix: str) -> str | None:
    """Renew the signing secret and return it, or withdraw the previous one, or stop."""
    if act == "renew":
        return signing.renew(prefix, now=timezone.now())
    if act == "withdraw":
        signing.withdraw_previous(prefix)
    if act == "stop":
        signing.stop(prefix)
    return None


def _unkept(answer: HttpResponse) -> HttpResponse:
    """Let an answer be kept by no cache: a secret belongs in none, and in no history."""
    answer["Cache-Control"] = "no-store"
    return answer


@sensitive_variables()
def _issue(said: Mapping[str, Any], *, username: str) -> Issued:
    """Issue a key as the form says."""
    last_day = said["last_day"]
    bounds = Bounds(
        sources=_lines(said["sources"]),
        networks=_lines(said["networks"]),
        requests_per_minute=said["requests_per_minute"],
        expires_at=datetime.combine(last_day, time.max, tzinfo=UTC) if last_day else None,
        signs=said["signs"],
    )
    return keys.issue(
        party=said["party"].code,
        scopes=said["scopes"],
        name=said["name"],
        now=timezone.now(),
        user=username if said["in_my_name"] else None,
        bounds=bounds,
    )


def _lines(text: str) -> list[str]:
    r"""Return the lines of a text that are not blank.

    >>> _lines(" urn:gateway:a \r\n\r\nurn:gateway:b")
    ['urn:gateway:a', 'urn:gateway:b']
    """
    return [line.strip() for line in text.splitlines() if line.strip()]
