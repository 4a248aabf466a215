"""What sources call consumers and deployments, as operators see and decide it."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger import tasks
from ledger.admin.catalogue import VersionAdmin
from ledger.admin.figures import utc
from ledger.admin.mapping_forms import Meaning, Word
from ledger.admin.pages import OPERATOR, allowed, link, show
from ledger.parties import sources
from ledger.parties.models import Source
from ledger.parties.sources import SourceLine
from ledger.pricing import mapping, name_lists
from ledger.pricing.mapping import Edited, NamesInvalid
from ledger.pricing.name_lists import Asked, NameLine
from ledger.pricing.source_names import SourceName
from ledger.rating import unmapped

UNMAPPED_ROWS: Final = 200
HISTORY_ROWS: Final = 50
NOBODY: Final = "(none)"


@admin.register(SourceName)
class SourceNameAdmin(VersionAdmin[SourceName]):
    """Every mapping there was, the latest first; names that stand for nothing, and a form."""

    list_display = (
        *("word", "kind", "target", "project", "written_by", "provider"),
        *("since", "published_as"),
    )
    list_filter = ("kind", "provider")
    search_fields = ("name", "source", "consumer__code", "deployment__code")
    search_help_text = "Part of a name, of a source, or of a code"
    list_before_template = "admin/ledger/map_link.html"
    page_template = "admin/ledger/source_name.html"
    may_map: ClassVar[str] = "ledger.add_sourcename"

    def get_list_display(
        self, _request: HttpRequest
    ) -> list[str | Callable[[SourceName], str | bool]]:
        """Show the columns as they are; the first leads to the page by itself."""
        return list(self.list_display)

    def get_urls(self) -> list[URLPattern]:
        """Add what stands for nothing, and where it is mapped."""
        guarded = self.admin_site.admin_view
        return [
            path("unmapped/", guarded(self.unmapped_view), name="ledger_unmapped"),
            path("map/", guarded(self.map_view), name="ledger_map_name"),
            *super().get_urls(),
        ]

    @admin.display(description="name", ordering="name")
    def word(self, row: SourceName) -> SafeString:
        """Lead to the mapping's page."""
        address = reverse("admin:ledger_sourcename_change", args=[row.pk])
        return link(address, row.name or NOBODY)

    @admin.display(description="stands for", empty_value="nothing from then on")
    def target(self, row: SourceName) -> str | None:
        """Name what it stands for."""
        found = row.consumer or row.deployment
        return str(found) if found else None

    @admin.display(description="written by", ordering="source")
    def written_by(self, row: SourceName) -> str:
        """Name the source that writes it."""
        return row.source or "every source"

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """Show a mapping with all there were of its name."""
        context = super().page(request, object_id)
        if context is None:
            return None
        row = SourceName.objects.select_related("provider").get(pk=object_id)
        source = Source.objects.filter(provider=row.provider).order_by("id")
        known = (source.filter(uri=row.source) if row.source else source).first()
        history = (
            SourceName.objects.filter(
                provider=row.provider, source=row.source, kind=row.kind, name=row.name
            )
            .select_related("consumer", "deployment", "publication")
            .order_by("-valid_from", "-revision")[:HISTORY_ROWS]
        )
        return {
            **context,
            "title": row.name or NOBODY,
            "row": row,
            "history": history,
            "map_address": _map_address(known.pk, row.kind, row.name) if known else None,
        }

    def unmapped_view(self, request: HttpRequest) -> HttpResponse:
        """List the names that stand for nothing, those first for which most events wait."""
        allowed(self, request)
        lines = unmapped.most_awaited(OPERATOR, limit=UNMAPPED_ROWS + 1)
        context = {
            "title": "Unmapped names",
            "lines": [
                (line, _map_address(line.source_id, line.kind, line.name))
                for line in lines[:UNMAPPED_ROWS]
            ],
            "more": len(lines) > UNMAPPED_ROWS,
            "limit": UNMAPPED_ROWS,
        }
        return show(self, request, "admin/ledger/unmapped.html", context)

    def map_view(self, request: HttpRequest) -> HttpResponse:
        """Ask which word is meant, then what it stands for, and publish that."""
        if not request.user.has_perm(self.may_map):
            raise PermissionDenied
        word = Word(request.GET or None)
        if not word.is_valid():
            context = {"title": "Map a name", "word": word}
            return show(self, request, "admin/ledger/map_word.html", context)
        source = sources.source(OPERATOR, source_id=word.cleaned_data["source"].pk)
        kind, name = word.cleaned_data["kind"], word.cleaned_data["name"]
        history = _history(source, kind, name)
        said = request.POST if request.method == "POST" else None
        form = Meaning(said, source=source, kind=kind, name=name)
        if request.method == "POST" and form.is_valid():
            edited = _mapped(form, source=source, username=request.user.get_username())
            if edited is not None:
                messages.success(request, _told(edited))
                return HttpResponseRedirect(reverse("admin:ledger_unmapped"))
        context = {
            "title": f"Map {name or NOBODY}",
            "form": form,
            "source": source,
            "kind": kind,
            "name": name,
            "nobody": NOBODY,
            "history": history,
        }
        return show(self, request, "admin/ledger/map_name.html", context)


def _map_address(source_id: int, kind: str, name: str) -> str:
    """Return where a name is mapped."""
    word = urlencode({"source": source_id, "kind": kind, "name": name})
    return f"{reverse('admin:ledger_map_name')}?{word}"


def _history(source: SourceLine, kind: str, name: str) -> list[NameLine]:
    """Return what the name stood for, for this source and for every one, the latest first."""
    asked = Asked(at=timezone.now(), history=True, kind=kind, name=name)
    found = name_lists.names(source, asked, after=None, limit=HISTORY_ROWS)
    return sorted(found, key=lambda line: (line.valid_from, line.revision), reverse=True)


def _mapped(form: Meaning, *, source: SourceLine, username: str) -> Edited | None:
    """Publish what the form says; None if that is refused, which the form then shows."""
    try:
        edited = mapping.map_names(
            [form.wanted()],
            source=source,
            any_consumer=True,
            now=timezone.now(),
            published_by=username,
        )
    except NamesInvalid as invalid:
        form.refuse(invalid)
        return None
    tasks.wake_set_aside()
    return edited


def _told(edited: Edited) -> str:
    (decided,) = edited.names
    name, target = decided.wanted.name or NOBODY, decided.wanted.target
    meaning = f"stands for {target}" if target else "stands for nothing"
    if not decided.added:
        return f"{name} {meaning} already."
    return (
        f"{name} {meaning} from {utc(decided.valid_from)} UTC. What waits for it is rated within a "
        "minute."
    )
