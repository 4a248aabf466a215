"""Months that left the usage journal, as operators see them."""

from django.contrib import admin
from django.utils.safestring import SafeString

from ledger.admin.figures import count, utc
from ledger.admin.pages import ReadOnlyAdmin
from ledger.rating.archive.models import ArchivedMonth


@admin.register(ArchivedMonth)
class ArchivedMonthAdmin(ReadOnlyAdmin[ArchivedMonth]):
    """Archives, the latest month first: what went where, and whether it came back."""

    list_display = (
        *("month_in_utc", "usage_entries", "file_name", "sha256"),
        *("archived", "archived_by", "came_back"),
    )
    list_display_links = None
    list_select_related = ("restored",)
    search_fields = ("file_name",)
    search_help_text = "Part of a file's name, such as 2024-01"
    ordering = ("-month", "-id")
    sortable_by = ()

    @admin.display(description="month (UTC)")
    def month_in_utc(self, archive: ArchivedMonth) -> str:
        """Name the month."""
        return f"{archive.month:%Y-%m}"

    @admin.display(description="usage entries")
    def usage_entries(self, archive: ArchivedMonth) -> SafeString:
        """Show how many there are in the file."""
        return count(archive.rows)

    @admin.display(description="archived (UTC)")
    def archived(self, archive: ArchivedMonth) -> str:
        """Show when it left."""
        return utc(archive.archived_at)

    @admin.display(description="back in the journal (UTC)")
    def came_back(self, archive: ArchivedMonth) -> str:
        """Show when it came back, if it did."""
        restored = getattr(archive, "restored", None)
        return utc(restored.restored_at) if restored else ""
