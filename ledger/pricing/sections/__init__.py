"""The sections of a catalogue document, each after those whose rows it names."""

from typing import Final

from ledger.pricing.sections import certificates, commerce, parties, scarcity, serving, supply
from ledger.pricing.sections.section import Section

SECTIONS: Final[tuple[Section, ...]] = (
    *parties.SECTIONS,
    *supply.SECTIONS,
    *serving.SECTIONS,
    *scarcity.SECTIONS,
    *commerce.SECTIONS,
    *certificates.SECTIONS,
)
