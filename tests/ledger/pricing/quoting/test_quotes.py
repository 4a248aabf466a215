"""Quotes of the worked event: East against West, and the very amounts that are booked.

The figures are those of the worked event in docs/pricing.md, computed by hand; the break-even is
its day average solved for the price of a GPU-hour.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledger.parties.models import Party
from ledger.parties.viewers import Viewer
from ledger.pricing import catalogue, published
from ledger.pricing.published import Lack
from ledger.pricing.quoting import quotes
from ledger.pricing.quoting.comparing import SECOND, CarbonTurn
from ledger.pricing.quoting.quotes import AtSite, Quote
from ledger.pricing.quoting.wanted import Line, QuoteInvalid, Wanted
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.rating import rate
from ledger.rating.models import UsageEntry
from tests import factories
from tests.ledger.rating.test_worked_event import SHIPPED, commercial

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EVENT = [Line([800, 1_200, 0, 0, 500, 0, 0, 0, 0])]
EVERYBODY = Viewer(party_id=0, sees_all=True)
DAY = date(2026, 11, 24)

pytestmark = pytest.mark.django_db


def in_china(hour: int, minute: int = 0) -> datetime:
    """Return an instant of the day by China's clock."""
    return datetime(2026, 11, 24, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


def shipped(site: str = "beijing") -> None:
    factories.publish(catalogue.read_document(SHIPPED))
    factories.publish(commercial(site))


def asked(**values: Any) -> Quote:
    wanted = Wanted(
        **{"lines": EVENT, "deployments": ["qwen"], "agreement": "westcloud-acme", **values}
    )
    (found,) = quotes.quote(published.load(), wanted, viewer=EVERYBODY, now=NOW)
    return found


def at(quote: Quote, site: str) -> AtSite:
    (found,) = (one for one in quote.sites if one.place.site.code == site)
    return found


def digits(number: Decimal | None, places: int) -> str:
    assert number is not None
    return f"{number:.{places}f}"


class TestTheWorkedEvent:
    @pytest.mark.parametrize(
        ("site", "joules", "price"),
        [
            ("zhongwei", "1550.19", "0.015470827"),
            ("beijing", "1752.39", "0.015904314"),
        ],
    )
    def test_is_quoted_at_both_sites(self, site: str, joules: str, price: str) -> None:
        shipped()

        whole = at(asked(at=in_china(10, 30)), site).whole

        assert whole is not None
        assert abs(whole.of("energy_microjoules") - Decimal(joules)) <= Decimal("0.00625")
        # Half a pico-unit for each of 2,500 tokens, and half of the last printed digit.
        assert abs(whole.of("price") - Decimal(price)) <= Decimal("0.00000000175")

    def test_tells_of_water_and_of_making_the_hardware(self) -> None:
        """By hand: 17.4 mg a busy GPU-second; 3.37 mL in Beijing and 2.81 mL in Zhongwei."""
        shipped()

        quote = asked(at=in_china(10, 30))

        for site, millilitres in (("beijing", "3.37"), ("zhongwei", "2.81")):
            whole = at(quote, site).whole
            assert whole is not None
            assert digits(whole.of("water_nanolitres") * 1_000, 2) == millilitres
            assert digits(whole.of("embodied_nanograms"), 4) == "0.0301"

    @pytest.mark.parametrize(
        ("moment", "saving"),
        [(in_china(10, 30), "3.66"), (in_china(18), "2.53"), (in_china(3), "0.69")],
    )
    def test_saves_in_the_west_what_was_computed_by_hand(
        self, moment: datetime, saving: str
    ) -> None:
        shipped()

        move = at(asked(at=moment), "zhongwei").move

        assert move is not None
        assert digits(move.cost_percent, 2) == saving


class TestADay:
    def test_breaks_even_where_the_day_average_was_solved_for_the_gpu_hour(self) -> None:
        """By hand, in CNY per event over the 24 hours, 8 of each of three periods.

        Beijing: (0.926841 + 0.681335 + 0.435829) / 3 + 0.082192 = 0.763527 a kWh, on 1,752.39 J:
        0.000371667. Zhongwei: (0.516745 + 0.386960 + 0.257175) / 3 + 0.041257 = 0.428217, on
        1,550.19 J, and 0.000001426 of certificates: 0.000185821. A GPU-hour's price makes
        0.009384134 / 11.70 = 0.000802063. So 5 % are saved below
        ((0.000371667 - 0.000185821) / 0.05 - 0.000371667) / 0.000802063 = 4.171 CNY.
        """
        shipped()

        quote = asked(day=DAY)

        move = at(quote, "zhongwei").move
        assert move is not None
        assert digits(move.cost_percent, 2) == "1.91"
        assert digits(move.there.price, 2) == "4.17"
        assert digits(move.there.as_cheap_there, 2) == "11.93"
        assert move.back.price is None
        # The west is both cheaper and, on certificates and even by location, cleaner here.
        assert move.carbon_location == CarbonTurn(None, SECOND, SECOND)
        assert quote.cheapest == "zhongwei"
        assert [len(one.moments) for one in quote.sites] == [24] * 8

    def test_is_the_mean_of_its_quarter_hours_at_the_sites_own_hours(self) -> None:
        shipped()

        day = at(asked(day=DAY, sites=["beijing"]), "beijing")

        assert day.whole is not None
        energies = [moment.amounts.of("energy") for moment in day.moments]
        assert sum(energies) / 24 == day.whole.of("energy")
        assert day.moments[0].starts_at == datetime(2026, 11, 23, 16, tzinfo=UTC)
        periods = [moment.electricity[0]["period"] for moment in day.moments]
        assert [periods.count(name) for name in ("peak", "flat", "valley")] == [8, 8, 8]


class TestABookedEvent:
    def test_was_booked_at_what_it_is_quoted_to_the_last_digit(self) -> None:
        factories.publish()
        factories.record(factories.event())
        rate.rate_pending(now=factories.NOW)
        entry = UsageEntry.objects.get()
        rates = (SlotRate.objects.count(), PriceRate.objects.count())

        quote = asked(at=factories.OCCURRED_AT)

        (own,) = quote.sites
        assert own.whole is not None
        for component, amount in own.whole.sums.items():
            booked = (
                entry.compute + entry.energy + entry.green + entry.scarcity + entry.margin
                if component == "price"
                else getattr(entry, component)
            )
            assert amount == booked, component
        assert (SlotRate.objects.count(), PriceRate.objects.count()) == rates

    def test_of_many_requests_is_as_many_times_the_one(self) -> None:
        factories.publish()

        one = asked(at=factories.OCCURRED_AT).sites[0].whole
        many = asked(at=factories.OCCURRED_AT, lines=[Line(EVENT[0].tokens, 1_000)]).sites[0].whole

        assert one is not None
        assert many is not None
        assert many.sums == {name: 1_000 * amount for name, amount in one.sums.items()}


class TestWhatLacksAnInput:
    def test_names_the_lack_of_the_site_and_quotes_the_others(self) -> None:
        document = factories.catalogue()
        document["sites"].append(
            {"code": "east", "name": "East", "time_zone": "Asia/Shanghai", "grid_zone": "CN-BJ"}
        )
        factories.publish(document)

        quote = asked(at=factories.OCCURRED_AT)

        east, west = at(quote, "east"), at(quote, "west")
        assert east.lack == Lack("no_pue", "pue:east")
        assert (east.whole, east.move, east.moments) == (None, None, [])
        assert west.whole is not None
        assert quote.cheapest == "west"

    def test_names_a_class_without_a_rate(self) -> None:
        factories.publish()

        quote = asked(at=factories.OCCURRED_AT, lines=[Line([1, 0, 0, 0, 0, 0, 5, 0, 0])])

        assert quote.sites[0].lack == Lack("no_rate_for_audio_input", "profile:westcloud/qwen")

    def test_names_a_time_before_the_catalogue(self) -> None:
        factories.publish()

        quote = asked(at=datetime(2020, 1, 1, tzinfo=UTC))

        assert quote.sites[0].lack == Lack(
            "no_agreement_version", "agreement_version:westcloud-acme"
        )
        assert quote.cheapest is None


class TestARateCard:
    def test_is_priced_without_a_fee(self) -> None:
        factories.publish()

        quote = asked(at=factories.OCCURRED_AT, agreement=None, rate_card="standard")

        agreed = asked(at=factories.OCCURRED_AT).sites[0].whole
        whole = quote.sites[0].whole
        assert whole is not None
        assert agreed is not None
        assert whole.sums["price"] == agreed.sums["price"]
        assert (whole.sums["fee_provider"], whole.sums["fee_consumer"]) == (0, 0)


class TestTheAsker:
    def test_finds_nothing_of_strangers(self) -> None:
        factories.publish()
        stranger = Viewer(party_id=Party.objects.get(code="clearwatt").id, sees_all=False)
        wanted = Wanted(lines=EVENT, deployments=["qwen"])

        with pytest.raises(QuoteInvalid) as refused:
            quotes.quote(published.load(), wanted, viewer=stranger, now=NOW)

        assert refused.value.errors == [
            {"pointer": "#/deployments/0", "detail": "no deployment 'qwen' is known to you"}
        ]
