"""Settlement on the operators' site, and the page that it opens with."""

from settlement.admin import dashboard, settlements

__all__ = ["dashboard", "settlements"]
