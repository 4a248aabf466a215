"""What separates a meter from the books, told apart by hand and by property."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.energy.apportioning import apportion
from ledger.energy.variances import Billed, Booked, Metered, variances

JOULES_A_KWH = 3_600_000
QUANTITY = st.decimals(min_value=0, max_value=10**7, places=6)


def booked(
    provider: str = "west",
    *,
    kwh: str = "100",
    cost: str = "40",
    gpu_hours: str = "60",
    currency: str = "CNY",
    includes_energy: bool = False,
) -> Booked:
    """Return usage at PUE 1.25, 100 W idle and half utilisation."""
    return Booked(
        provider=provider,
        currency=currency,
        microjoules=int(Decimal(kwh) * JOULES_A_KWH * 10**6),
        energy_pico=int(Decimal(cost) * 10**12),
        gpu_nanoseconds=int(Decimal(gpu_hours) * 3600 * 10**9),
        pue=Decimal("1.25"),
        boundary="gpu",
        idle_watts_per_gpu=Decimal(100),
        utilisation=Decimal("0.5"),
        includes_energy=includes_energy,
    )


def kwh(number: str) -> Decimal:
    return Decimal(number) * JOULES_A_KWH


class TestVariances:
    """Booked 100 kWh at PUE 1.25, so 80 kWh IT, for 40 CNY: 0.40 CNY/kWh.

    Metered 130 kWh, of which 96 IT; 60 GPU-hours were busy and 100 more idle, where the standard
    is as many idle as busy ones: 60. By hand:

        pue         130 - 96 × 1.25 = 10 kWh
        idle        (100 - 60) h × 0.1 kW × 1.25 = 5 kWh
        efficiency  130 - 100 - 10 - 5 = 15 kWh
    """

    METERED = Metered(Decimal(130), Decimal(96), Decimal(60), Decimal(160))

    def test_are_told_apart_by_cause(self) -> None:
        found = variances([booked()], metered=self.METERED, billed=None, providers=["west"])

        assert {part: amount for (unit, part), amount in found.parts.items() if unit == "J"} == {
            "pue": kwh("10"),
            "idle": kwh("5"),
            "efficiency": kwh("15"),
        }

    def test_have_a_money_counterpart_at_the_standard_price(self) -> None:
        found = variances([booked()], metered=self.METERED, billed=None, providers=["west"])

        assert {part: amount for (unit, part), amount in found.parts.items() if unit == "CNY"} == {
            "pue": Decimal(4),
            "idle": Decimal(2),
            "efficiency": Decimal(6),
        }
        assert found.notes == ("no bill in CNY for the whole month: price is as standard",)

    def test_hold_a_bill_against_the_standard_price_of_what_was_metered(self) -> None:
        # 128 kWh billed for 64 CNY: 0.50 a kWh, so (0.50 - 0.40) × 130 kWh = 13 CNY.
        found = variances(
            [booked()],
            metered=self.METERED,
            billed=Billed("CNY", Decimal(64), Decimal(128)),
            providers=["west"],
        )

        assert found.parts["CNY", "price"] == Decimal(13)
        assert found.total("CNY") == Decimal(130) * Decimal("0.50") - Decimal(40)

    def test_are_one_part_without_it_readings(self) -> None:
        found = variances(
            [booked()], metered=Metered(Decimal(130)), billed=None, providers=["west"]
        )

        assert found.parts == {("J", "usage"): kwh("30"), ("CNY", "usage"): Decimal(12)}
        assert "no complete IT readings: PUE is not told apart from usage" in found.notes

    def test_leave_the_money_to_those_whose_electricity_is_their_own_cost(self) -> None:
        # Half of the joules are inside a rent: half of 30 kWh costs the other half 0.40 a kWh.
        found = variances(
            [
                booked("own", kwh="50", cost="20"),
                booked("rent", kwh="50", cost="0", includes_energy=True),
            ],
            metered=Metered(Decimal(130)),
            billed=None,
            providers=["own", "rent"],
        )

        assert found.parts["CNY", "usage"] == Decimal(6)
        assert found.shares["rent", "J"].variance == kwh("15")
        assert ("rent", "CNY") not in found.shares
        assert found.shares["own", "CNY"].variance == Decimal(6)

    def test_share_what_was_metered_where_nothing_was_booked(self) -> None:
        found = variances([], metered=Metered(Decimal(1)), billed=None, providers=["east", "west"])

        assert found.parts == {("J", "usage"): kwh("1")}
        assert {name: share.variance for (name, _), share in found.shares.items()} == {
            "east": kwh("0.5"),
            "west": kwh("0.5"),
        }

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(
        used=st.lists(
            st.builds(
                Booked,
                provider=st.sampled_from(["east", "west", "north"]),
                currency=st.sampled_from(["CNY", "USD"]),
                microjoules=st.integers(0, 10**18),
                energy_pico=st.integers(-(10**17), 10**18),
                gpu_nanoseconds=st.integers(0, 10**18),
                pue=st.decimals(min_value=1, max_value=2, places=4),
                boundary=st.sampled_from(["gpu", "server"]),
                idle_watts_per_gpu=st.decimals(min_value=0, max_value=500, places=2),
                utilisation=st.decimals(min_value="0.01", max_value=1, places=2),
                includes_energy=st.booleans(),
            ),
            max_size=5,
        ),
        metered=st.builds(Metered, QUANTITY, *(st.one_of(st.none(), QUANTITY) for _ in range(3))),
        billed=st.one_of(
            st.none(), st.builds(Billed, st.sampled_from(["CNY", "USD"]), QUANTITY, QUANTITY)
        ),
    )
    def test_make_the_books_equal_the_meter_whatever_was_read_and_used(
        self, used: list[Booked], metered: Metered, billed: Billed | None
    ) -> None:
        found = variances(used, metered=metered, billed=billed, providers=["east", "west"])

        joules = Decimal(sum(one.microjoules for one in used)) / 10**6
        assert joules + found.total("J") == metered.facility_kwh * JOULES_A_KWH
        for unit in {unit for unit, _ in found.parts}:
            shares = [share.variance for (_, u), share in found.shares.items() if u == unit]
            assert sum(shares) == found.total(unit)


class TestApportion:
    @given(
        total=st.integers(-(10**24), 10**24),
        weights=st.dictionaries(
            st.text(min_size=1, max_size=3), st.integers(0, 10**20), min_size=1, max_size=6
        ),
    )
    def test_gives_away_the_whole_and_nobody_more_than_a_unit_too_much(
        self, total: int, weights: dict[str, int]
    ) -> None:
        parts = apportion(total, weights=weights)

        assert sum(parts.values()) == total
        whole = sum(weights.values())
        if whole:
            for name, part in parts.items():
                assert abs(part * whole - total * weights[name]) < whole
