"""Sections of who and where from: provenance and parties."""

from typing import Final

from ledger.parties.models import Party
from ledger.pricing.models import Provenance
from ledger.pricing.sections import section
from ledger.pricing.sections.section import Section

SECTIONS: Final[tuple[Section, ...]] = (
    Section("provenance", Provenance, ("code",), section.nothing, {}),
    Section(
        "parties", Party, ("code",), lambda row: f"consumer:{row['code']}", {}, section.check_code
    ),
)
