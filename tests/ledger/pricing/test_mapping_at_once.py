"""Several people say at the same moment what a name stands for: each is heard, none is lost."""

from collections.abc import Callable

import pytest

from ledger.parties import sources
from ledger.parties.viewers import Viewer
from ledger.pricing import mapping
from ledger.pricing.mapping import Edited, Wanted
from ledger.pricing.models import Publication
from ledger.pricing.source_names import SourceName
from tests import factories, naming
from tests.at_once import at_once
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

EDITORS = 8


@pytest.fixture
def source() -> sources.SourceLine:
    factories.publish(naming.catalogue())
    factories.record(factories.event())
    (found,) = sources.sources(Viewer(party_id=0, sees_all=True), after=None, limit=2)
    return found


def edit(source: sources.SourceLine, project: str, editor: str) -> Callable[[], Edited]:
    """Return the act of mapping one and the same name."""
    return lambda: mapping.map_names(
        [Wanted("consumer", "sk-1", "acme", project=project)],
        source=source,
        any_consumer=False,
        now=NOW,
        published_by=editor,
    )


class TestMapNames:
    def test_publishes_one_of_equal_mappings(self, source: sources.SourceLine) -> None:
        before = Publication.objects.count()

        edited = at_once(*(edit(source, "search", f"editor {n}") for n in range(EDITORS)))

        assert sum(one.publication_id is not None for one in edited) == 1
        assert {one.names[0].valid_from for one in edited} == {source.accepts_from}
        assert SourceName.objects.count() == 1
        assert Publication.objects.count() == before + 1

    def test_keeps_every_other_mapping_as_a_version_of_its_own(
        self, source: sources.SourceLine
    ) -> None:
        edited = at_once(*(edit(source, f"team {n}", f"editor {n}") for n in range(EDITORS)))

        rows = SourceName.objects.order_by("id")
        assert all(one.names[0].added for one in edited)
        assert {row.project for row in rows} == {f"team {n}" for n in range(EDITORS)}
        # The first one gave the name a meaning; the others changed it, one after another.
        assert [row.valid_from == source.accepts_from for row in rows] == [True] + [False] * 7
        assert [row.revision for row in rows] == [1, *range(1, EDITORS)]
        assert len({row.valid_from for row in rows[1:]}) == 1
