"""What sources call consumers and deployments, as operators see and decide it."""

from django.contrib import admin
from django.utils.safestring import SafeString

from ledger.admin.catalogue import VersionAdmin
from ledger.pricing.source_names import SourceName


@admin.register(SourceName)
class SourceNameAdmin(VersionAdmin[SourceName]):
    """Every mapping there was, the latest first."""

    list_display = (
        *("name", "kind", "target", "project", "written_by", "provider"),
        *("since", "published_as"),
    )
    list_filter = ("kind", "provider")
    search_fields = ("name", "source", "consumer__code", "deployment__code")
    search_help_text = "Part of a name, of a source, or of a code"

    @admin.display(description="stands for", empty_value="nothing from then on")
    def target(self, mapping: SourceName) -> str | SafeString | None:
        """Name what it stands for."""
        found = mapping.consumer or mapping.deployment
        return str(found) if found else None

    @admin.display(description="written by", ordering="source")
    def written_by(self, mapping: SourceName) -> str:
        """Name the source that writes it."""
        return mapping.source or "every source"
