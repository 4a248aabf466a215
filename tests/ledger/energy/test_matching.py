"""Certificates meet quarter hours in whole watt-hours, the oldest first."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.energy.matching import (
    MICROJOULES_PER_WATT_HOUR,
    Lot,
    Place,
    SlotUse,
    match,
    serves,
    unmatched_grams,
)

AT = datetime(2026, 10, 5, 2, 30, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
WEST = Place("CN-NX", "CN", "Asia/Shanghai")


def slot(watt_hours: str, *, number: int = 0, share: str = "0.5", residual: int = 600) -> SlotUse:
    """Return usage of so many watt-hours, of which a share was booked as green."""
    microjoules = int(Decimal(watt_hours) * MICROJOULES_PER_WATT_HOUR)
    green = microjoules * Decimal(share)
    return SlotUse(AT + number * QUARTER, microjoules, green, green * residual)


def lot(
    number: int = 1,
    *,
    left: int = 100,
    kind: str = "GEC",
    zone: str = "CN-QH",
    vintage: int = 2026,
    begin: datetime = AT,
    end: datetime = AT + QUARTER,
) -> Lot:
    return Lot(number, f"lot-{number}", kind, zone, vintage, begin, end, left)


class TestMatch:
    def test_rounds_down_to_whole_watt_hours_by_slot(self) -> None:
        found = match([slot("3.9"), slot("4.1", number=1)], lots=[lot()], matched={}, place=WEST)

        assert [(one.starts_at, one.watt_hours) for one in found] == [(AT, 1), (AT + QUARTER, 2)]

    def test_takes_the_oldest_lots_first(self) -> None:
        young = lot(1, left=5)
        old = lot(2, left=2, begin=AT - timedelta(days=30))

        found = match([slot("8")], lots=[young, old], matched={}, place=WEST)

        assert [(one.lot_id, one.watt_hours) for one in found] == [(2, 2), (1, 2)]

    def test_claims_only_what_was_not_claimed_before(self) -> None:
        found = match([slot("8")], lots=[lot()], matched={AT: 3}, place=WEST)

        assert [one.watt_hours for one in found] == [1]

    def test_leaves_a_slot_short_rather_than_a_lot_negative(self) -> None:
        found = match([slot("8"), slot("8", number=1)], lots=[lot(left=5)], matched={}, place=WEST)

        assert [one.watt_hours for one in found] == [4, 1]

    @given(
        uses=st.lists(st.decimals(min_value=0, max_value=1000, places=6), max_size=8),
        lots=st.lists(st.integers(0, 500), max_size=5),
    )
    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    def test_never_claims_more_than_a_lot_has_or_a_slot_used(
        self, uses: list[Decimal], lots: list[int]
    ) -> None:
        slots = [slot(str(used), number=number) for number, used in enumerate(uses)]
        stock = [lot(number, left=left) for number, left in enumerate(lots)]

        found = match(slots, lots=stock, matched={}, place=WEST)

        for one in stock:
            assert sum(m.watt_hours for m in found if m.lot_id == one.id) <= one.left
        for used in slots:
            claimed = sum(m.watt_hours for m in found if m.starts_at == used.starts_at)
            assert claimed * MICROJOULES_PER_WATT_HOUR <= used.green_microjoules
        wanted = sum(int(used.green_microjoules // MICROJOULES_PER_WATT_HOUR) for used in slots)
        assert sum(m.watt_hours for m in found) == min(wanted, sum(lots))


class TestServes:
    def test_looks_at_the_vintage_of_a_gec_in_the_sites_year(self) -> None:
        new_year = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # midnight in Shanghai

        assert serves(lot(), new_year - QUARTER, place=WEST)
        assert not serves(lot(), new_year, place=WEST)
        assert serves(lot(vintage=2027), new_year, place=WEST)

    def test_wants_the_slot_within_the_production_of_a_granular_certificate(self) -> None:
        granular = lot(kind="GC")

        assert serves(granular, AT, place=WEST)
        assert not serves(granular, AT + QUARTER, place=WEST)
        assert not serves(granular, AT - QUARTER, place=WEST)

    def test_wants_the_same_country(self) -> None:
        assert serves(lot(zone="CN"), AT, place=WEST)
        assert not serves(lot(zone="DE"), AT, place=WEST)


class TestUnmatchedGrams:
    def test_are_those_of_the_green_joules_without_a_certificate(self) -> None:
        # 8 Wh, half green, 600 g/kWh: 2.4 g were booked away. One of the 4 Wh is matched.
        assert unmatched_grams([slot("8")], matched={AT: 1}) == Decimal("1.8")
        assert unmatched_grams([slot("8")], matched={AT: 4}) == 0
        assert unmatched_grams([slot("8")], matched={AT: 9}) == 0
