"""The configurations and programs of docs/integrations.md, as they stand there."""

import re
from pathlib import Path

from django.conf import settings

PAGE = Path(settings.BASE_DIR) / "docs" / "integrations.md"
ADDRESS = "https://clearwatt.example"


def block(heading: str, language: str, *, address: str) -> str:
    """Return the first block in a language under a heading, with our address in place of theirs."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert found, heading
    section = rest.partition("\n## ")[0]
    fence = re.search(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert fence, (heading, language)
    assert ADDRESS in fence[1]
    return fence[1].replace(ADDRESS, address)
