"""Coverage at the operators' site: by source and day, and down to what is missing of a source."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger.parties.models import Source
from ledger.usage.completeness import manifests
from ledger.usage.formats.manifests import Statement
from tests import factories, operators

pytestmark = pytest.mark.django_db

GRID = reverse("admin:ledger_coverage")
DAY = datetime(2026, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
ABSENT: tuple[int | None, ...] = (None,) * 9


@pytest.fixture
def client() -> Client:
    """Deliver 1, 2, 5 of one source in time, 1 and 2 of another late; sign in."""
    document = factories.catalogue()
    document["parties"].append({"code": "eastcloud", "name": "East Cloud", "kind": "provider"})
    factories.publish(document)
    deliver("urn:west", 1, 2, 5)
    deliver("urn:east", 1, 2, provider="eastcloud", now=DAY + 10 * HOUR)
    return operators.operator()


def deliver(
    uri: str,
    *numbers: int,
    provider: str = "westcloud",
    now: datetime = DAY + 2 * HOUR,
) -> None:
    factories.record(
        *(
            factories.event(
                f"{uri}-{number}",
                source=uri,
                sequence=number,
                occurred_at=DAY + HOUR + timedelta(minutes=number),
            )
            for number in numbers
        ),
        provider=provider,
        now=now,
    )


def state(uri: str, *, events: int, **stated: Any) -> None:
    source_id = Source.objects.get(uri=uri).id
    whole: dict[str, Any] = {
        "starts_at": DAY,
        "ends_at": DAY + 24 * HOUR,
        "events": events,
        "tokens": ABSENT,
        "first_sequence": None,
        "last_sequence": None,
        **stated,
    }
    manifests.record(source_id, statements=[Statement(**whole)], now=DAY + 25 * HOUR)


def follow(client: Client, address: str, said: str) -> Any:
    """Open an address, and then the link with these words on its page."""
    return client.get(urljoin(address, operators.link(client.get(address), said)))


def page(uri: str) -> str:
    return reverse("admin:ledger_source_change", args=[Source.objects.get(uri=uri).id])


class TestGrid:
    def test_tells_of_each_source_and_day_of_the_latest_week(self, client: Client) -> None:
        said = operators.text(client.get(GRID))

        assert "2026-09-29 to 2026-10-05" in said
        assert "Days are of UTC." in said
        nothing = "0 unstated " * 6
        assert f"urn:west westcloud {nothing}3 missing 2 numbers " in said
        assert f"urn:east eastcloud {nothing}2 gapless 2 late " in said

    def test_tells_of_one_provider(self, client: Client) -> None:
        said = operators.text(follow(client, GRID, "eastcloud"))

        assert "urn:east" in said
        assert "urn:west" not in said

    def test_leads_to_other_weeks_and_zones(self, client: Client) -> None:
        earlier = urljoin(GRID, operators.link(client.get(GRID), "earlier"))
        shanghai = urljoin(GRID, operators.link(client.get(earlier), "Asia/Shanghai"))

        assert "2026-09-22 to 2026-09-28" in operators.text(client.get(shanghai))
        assert "Days are of Asia/Shanghai." in operators.text(client.get(shanghai))
        later = operators.text(follow(client, shanghai, "later"))
        assert "3 missing" in later
        assert "Days are of Asia/Shanghai." in later

    def test_shows_the_next_sources_on_a_page_of_their_own(self, client: Client) -> None:
        for number in range(25):
            deliver(f"urn:more-{number:02}", 1)

        first = client.get(GRID)
        second = operators.text(follow(client, GRID, "Next sources"))

        assert "urn:more-17" in operators.text(first)
        assert "urn:more-18" not in operators.text(first)
        assert "urn:more-18" in second
        assert "Next sources" not in second

    def test_takes_as_many_queries_for_many_sources_as_for_few(self, client: Client) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                client.get(GRID)
            return len(captured.captured_queries)

        few = queries()
        for number in range(10):
            deliver(f"urn:more-{number}", 1)

        assert queries() == few

    @pytest.mark.parametrize(
        "query", ["to=x", "to=0001-01-01", "to=9999-12-31", "zone=Nowhere", "after=x", "provider=x"]
    )
    def test_opens_whatever_the_address_says(self, client: Client, query: str) -> None:
        assert client.get(f"{GRID}?{query}").status_code == 200

    def test_opens_before_anything_was_sent(self) -> None:
        said = operators.text(operators.operator().get(GRID))

        assert "No source has made itself known yet." in said

    def test_is_for_who_may_see_sources(self, client: Client) -> None:
        stranger = operators.signed_in(operators.person("new"))
        reader = operators.signed_in(operators.person("reader", "ledger.view_source"))

        assert stranger.get(GRID).status_code == 403
        assert reader.get(GRID).status_code == 200


class TestPage:
    def test_is_reached_from_the_grid_and_names_what_is_missing(self, client: Client) -> None:
        said = operators.text(client.get(operators.link(client.get(GRID), "urn:west")))

        assert "Numbers missing 2 in 1 range " in said
        assert "missing 3 4 2 2026-10-05 01:00 2026-10-05 01:15" in said
        assert "Mon 2026-10-05 missing 3 7,500 2 0 0 0 2026-10-05 02:00" in said
        assert "Nothing was stated of these days." in said

    def test_holds_manifests_against_what_arrived(self, client: Client) -> None:
        state("urn:west", events=5)
        state("urn:west", events=4, tokens=(2_400, *ABSENT[1:]), first_sequence=1, last_sequence=5)

        said = operators.text(client.get(page("urn:west")))

        assert "Manifests missing 1 " in said
        window = "2026-10-05 00:00 to 2026-10-06 00:00"
        assert f"{window} missing 4 3 -1 input 0 1 to 5 2 0 2026-10-06 01:00" in said
        assert "revised 1 time 2026-10-06 01:00: 5 events" in said

    def test_tells_what_came_late(self, client: Client) -> None:
        said = operators.text(client.get(page("urn:east")))

        assert "Events late 2 of 1 quarter hour " in said
        assert "2026-10-05 01:00 2 2026-10-05 10:00 2026-10-05 10:00" in said

    def test_lists_manifests_page_by_page(self, client: Client) -> None:
        for number in range(51):
            begin = DAY - number * timedelta(minutes=15)
            state("urn:west", events=0, starts_at=begin, ends_at=begin + timedelta(minutes=15))

        first = client.get(page("urn:west"))
        second = operators.text(follow(client, page("urn:west"), "Next manifests"))

        assert "2026-10-04 11:30 to 2026-10-04 11:45" in operators.text(first)
        assert "2026-10-05 00:00 to 2026-10-05 00:15" not in operators.text(first)
        assert "2026-10-05 00:00 to 2026-10-05 00:15" in second
        assert "2026-10-04 11:30 to 2026-10-04 11:45" not in second

    def test_says_until_when_not_everything_is_counted(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE ledger_usage_batch SET covered = false")
            cursor.execute("SET LOCAL session_replication_role = origin")

        said = operators.text(client.get(page("urn:west")))

        assert "Of what was received until 2026-10-05 02:00:00 UTC not everything" in said

    @pytest.mark.parametrize("query", ["to=x", "to=9999-12-31", "after=1", "after=1-x", "zone=x"])
    def test_opens_whatever_the_address_says(self, client: Client, query: str) -> None:
        assert client.get(f"{page('urn:west')}?{query}").status_code == 200

    def test_is_opened_for_a_month_in_which_clocks_are_turned_back(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE ledger_agreement SET time_zone = 'Europe/Paris'")
            cursor.execute("SET LOCAL session_replication_role = origin")

        answer = client.get(f"{page('urn:west')}?zone=Europe/Paris&to=2026-11-01")

        assert "Days of Europe/Paris" in operators.text(answer)

    def test_is_reached_from_its_provider(self, client: Client) -> None:
        party = Source.objects.get(uri="urn:west").provider_id
        provider = client.get(reverse("admin:ledger_party_change", args=[party]))

        assert operators.link(provider, "urn:west") == page("urn:west")
