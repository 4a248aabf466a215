"""Books with a little of everything, for the pages that show them."""

import pytest

from ledger.rating import rate
from tests import factories
from tests.factories import NOW


@pytest.fixture
def books(db: None) -> None:
    """Rate two events of acme; set one aside for want of its deployment; leave one waiting."""
    factories.publish()
    factories.record(
        factories.event("evt-1", project="search", attributes={"request": "r-1"}),
        factories.event("evt-2"),
        factories.event("evt-3", deployment="unheard-of"),
    )
    assert rate.rate_pending(now=NOW) is not None
    factories.record(factories.event("evt-4"))
