"""The token economy from the rollup, against brute force over usage entries."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledger.parties.models import Deployment
from ledger.pricing.rates import SlotRate
from ledger.rating import economy, rate
from ledger.rating.models import UsageEntry
from ledger.rating.token_economy import EconomySpanRefused, Wanted, token_economy
from ledger.tokens import TOKEN_CLASSES
from tests import factories
from tests.factories import version
from tests.ledger.audit import books

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, tzinfo=UTC)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
SHANGHAI = "Asia/Shanghai"


def use(event_id: str, at: datetime, **event: Any) -> None:
    """Record an event of a moment and rate it."""
    factories.record(factories.event(event_id, occurred_at=at, **event), now=NOW)
    rate.rate_pending(now=NOW)


class TestTokenEconomy:
    @pytest.mark.parametrize("time_zone", ["UTC", SHANGHAI, "America/New_York"])
    def test_is_what_the_usage_entries_sum_to(self, time_zone: str) -> None:
        books.keep()
        wanted = Wanted(time_zone=time_zone, starts_on=OCTOBER, ends_on=NOVEMBER, by="model")

        found = token_economy(wanted, now=NOW)

        entries = UsageEntry.objects.filter(
            occurred_at__gte=datetime(2026, 10, 1, tzinfo=ZoneInfo(time_zone)),
            occurred_at__lt=datetime(2026, 11, 1, tzinfo=ZoneInfo(time_zone)),
        )
        tokens: dict[date, int] = defaultdict(int)
        joules: dict[date, int] = defaultdict(int)
        for entry in entries:
            day = entry.occurred_at.astimezone(ZoneInfo(time_zone)).date()
            tokens[day] += sum(getattr(entry, name) for name in TOKEN_CLASSES)
            joules[day] += entry.energy_microjoules
        assert sum(tokens.values()) > 0
        assert {day.date: day.sums.tokens for day in found.days if day.sums.tokens} == tokens
        assert {
            day.date: day.sums.energy_microjoules
            for day in found.days
            if day.sums.energy_microjoules
        } == joules
        assert found.total.gpu_nanoseconds == sum(one.gpu_nanoseconds for one in entries)
        assert sum(one.price for one in found.total.money.values()) == sum(
            one.compute + one.energy + one.green + one.scarcity + one.margin for one in entries
        )
        assert set(found.total.money) == {"CNY", "USD"}
        models = {one.name for one in found.shares}
        assert models == set(
            Deployment.objects.filter(id__in=entries.values("deployment_id")).values_list(
                "model", flat=True
            )
        )

    def test_says_what_a_token_takes_and_costs(self) -> None:
        factories.publish()
        use("evt-1", factories.OCCURRED_AT)

        found = token_economy(Wanted(time_zone=SHANGHAI), now=NOW)

        # 2,500 tokens, 2,904 J and 0.008307214 CNY, of whose cost 0.00484 is compute.
        assert (found.starts_on, found.ends_on) == (date(2026, 9, 6), date(2026, 10, 6))
        assert economy.joules_per_token(found.total) == Decimal("1.161600")
        (price,) = economy.prices(found.total)
        assert price.per_million_tokens == Decimal("3.3228856")
        assert price.per_kwh == Decimal("10.298199173554")
        assert price.compute_share == Decimal("0.640889")  # of 0.007552014
        assert economy.market_over_location(found.total) == Decimal("0.5")
        assert [(one.name, one.tokens_share) for one in found.shares] == [("CN-NX", Decimal(1))]

    def test_grows_against_days_before_the_first_one_shown(self) -> None:
        factories.publish()
        day = factories.OCCURRED_AT
        use("evt-1", day)
        use("evt-2", day - timedelta(days=1))
        use("evt-3", day - timedelta(days=7))
        use("evt-4", day - timedelta(days=8))
        use("evt-5", day - timedelta(days=9))

        (only,) = token_economy(
            Wanted(time_zone="UTC", starts_on=day.date(), ends_on=day.date() + timedelta(days=1)),
            now=NOW,
        ).days

        assert only.growth == {"day": Decimal(0), "week": Decimal("-0.333333"), "month": None}

    def test_converts_by_the_rate_of_each_day_and_names_it(self) -> None:
        factories.publish()
        factories.publish(
            {
                "fx_rates": [
                    version(base="CNY", quote="USD", rate=rate) | {"valid_from": valid_from}
                    for rate, valid_from in (
                        ("0.14", "2026-01-01T00:00:00Z"),
                        ("0.10", "2026-10-06T00:00:00Z"),
                    )
                ]
            }
        )
        use("evt-1", factories.OCCURRED_AT)
        use("evt-2", factories.OCCURRED_AT + timedelta(days=1))

        found = token_economy(Wanted(time_zone="UTC", into="USD"), now=NOW)

        assert found.total_converted is not None
        # 0.008307214 at 0.14, and again at 0.10.
        assert found.total_converted.price == Decimal("0.001993731360")
        assert [one.rate for one in found.total_converted.rates] == [
            Decimal("0.14"),
            Decimal("0.1"),
        ]

    def test_knows_no_sum_where_a_rate_is_missing(self) -> None:
        factories.publish()
        use("evt-1", factories.OCCURRED_AT)

        found = token_economy(Wanted(time_zone="UTC", into="EUR"), now=NOW)

        assert found.total_converted is not None
        assert (found.total_converted.price, found.total_converted.missing) == (None, ["CNY"])

    @pytest.mark.parametrize(
        "wanted",
        [
            Wanted(time_zone="Asia/Kolkata", starts_on=OCTOBER, ends_on=NOVEMBER),
            Wanted(time_zone="UTC", starts_on=NOVEMBER, ends_on=OCTOBER),
            Wanted(time_zone="UTC", starts_on=date(2024, 1, 1), ends_on=NOVEMBER),
            Wanted(time_zone="UTC", starts_on=date(1, 1, 1)),
        ],
    )
    def test_refuses_days_that_it_cannot_show(self, wanted: Wanted) -> None:
        with pytest.raises(EconomySpanRefused):
            token_economy(wanted, now=NOW)

    def test_takes_three_statements_for_named_days(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(3):
            token_economy(Wanted(time_zone="UTC", starts_on=OCTOBER, ends_on=NOVEMBER), now=NOW)


def terms(valid_from: str, deployment: str = "qwen", **stated: Any) -> dict[str, Any]:
    """Return terms of a deployment from a moment on, as in the small catalogue but for `stated`."""
    row: dict[str, Any] = factories.catalogue()["deployment_terms"][0]
    return row | {"valid_from": valid_from, "deployment": deployment} | stated


def publish(*stated: dict[str, Any]) -> None:
    """Publish the small catalogue, a second deployment without a count, and terms."""
    document = factories.catalogue()
    document["deployments"].append(document["deployments"][0] | {"code": "llama", "model": "llama"})
    document["serving_profiles"].append(document["serving_profiles"][0] | {"deployment": "llama"})
    document["deployment_terms"] += [terms(factories.VALID_FROM, "llama"), *stated]
    factories.publish(document)


def october_5(now: datetime = NOW, **wanted: Any) -> Any:
    """Return the economy of the fifth and the sixth of October."""
    asked = {"time_zone": "UTC", "starts_on": date(2026, 10, 5), "ends_on": date(2026, 10, 7)}
    return token_economy(Wanted(**{**asked, **wanted}), now=now)


class TestUtilisation:
    """An input token takes a thousandth of a GPU-second: 3,600,000 of them take a GPU-hour."""

    def test_is_busy_over_available_hours_of_deployments_that_state_a_count(self) -> None:
        publish(terms("2026-10-05T00:00:00Z", gpu_count=2))
        use("evt-1", factories.OCCURRED_AT, usage={"input": 8_640_000})
        use("evt-2", factories.OCCURRED_AT, deployment="llama", usage={"input": 3_600_000})

        found = october_5()

        # 2 GPUs over two days are 96 GPU-hours, of which 2.4 were busy; llama's hour is apart.
        assert economy.busy_gpu_hours(found.total) == Decimal("3.4")
        assert economy.available_gpu_hours(found.total) == Decimal(96)
        assert economy.uncounted_gpu_hours(found.total) == Decimal(1)
        assert economy.utilisation(found.total) == Decimal("0.025")
        assert [economy.utilisation(day.sums) for day in found.days] == [
            Decimal("0.05"),
            Decimal(0),
        ]

    def test_is_unknown_where_no_deployment_states_a_count(self) -> None:
        publish(terms("2026-10-05T00:00:00Z", gpu_count=2))
        use("evt-1", factories.OCCURRED_AT, usage={"input": 8_640_000})
        use("evt-2", factories.OCCURRED_AT, deployment="llama", usage={"input": 3_600_000})

        found = {one.name: one.sums for one in october_5(by="model").shares}

        assert economy.utilisation(found["qwen"]) == Decimal("0.025")
        assert economy.uncounted_gpu_hours(found["qwen"]) == 0
        assert economy.utilisation(found["llama"]) is None
        assert economy.available_gpu_hours(found["llama"]) is None
        assert economy.uncounted_gpu_hours(found["llama"]) == Decimal(1)

    @pytest.mark.parametrize("by", ["zone", "site", "provider"])
    def test_is_told_by_whatever_shares_are(self, by: str) -> None:
        publish(terms("2026-10-05T00:00:00Z", gpu_count=2))
        use("evt-1", factories.OCCURRED_AT, usage={"input": 8_640_000})

        (only,) = october_5(by=by).shares

        assert economy.utilisation(only.sums) == Decimal("0.025")

    def test_goes_by_the_versions_in_force_until_one_is_withdrawn(self) -> None:
        publish(
            terms("2026-10-04T12:00:00Z", gpu_count=1),
            terms("2026-10-05T06:00:00Z", gpu_count=4),
            terms("2026-10-05T18:00:00Z"),
            terms("2026-10-06T03:00:00Z", gpu_count=2),
            terms("2026-10-06T08:00:00Z", gpu_count=2, withdrawn=True),
        )

        found = october_5()

        # 6 h of one GPU and 12 h of four; no count for 9 h; then 5 h of two, of the next day.
        available = [economy.available_gpu_hours(day.sums) for day in found.days]
        assert available == [Decimal(54), Decimal(10)]

    def test_counts_usage_of_hours_without_a_count_apart(self) -> None:
        publish(
            terms("2026-10-05T02:00:00Z", gpu_count=4),
            terms("2026-10-05T03:00:00Z"),
        )
        use("evt-1", factories.OCCURRED_AT, usage={"input": 3_600_000})  # at half past two
        use("evt-2", factories.OCCURRED_AT + timedelta(hours=1), usage={"input": 7_200_000})

        found = october_5()

        assert economy.utilisation(found.total) == Decimal("0.25")
        assert economy.uncounted_gpu_hours(found.total) == Decimal(2)

    def test_takes_what_holds_when_an_hour_begins_for_all_of_it(self) -> None:
        publish(
            terms("2026-10-05T01:15:00Z", gpu_count=1),
            terms("2026-10-05T01:45:00Z", gpu_count=3),
            terms("2026-10-05T03:30:00Z", gpu_count=1, withdrawn=True),
        )
        use("evt-1", datetime(2026, 10, 5, 1, 50, tzinfo=UTC), usage={"input": 3_600_000})

        found = october_5()

        # Three GPUs from two to four o'clock: one was there for no whole hour.
        assert economy.available_gpu_hours(found.total) == Decimal(6)
        assert economy.uncounted_gpu_hours(found.total) == Decimal(1)

    def test_takes_the_latest_revision(self) -> None:
        publish(terms("2026-10-05T00:00:00Z", gpu_count=2))
        factories.publish({"deployment_terms": [terms("2026-10-05T00:00:00Z", gpu_count=5)]})

        assert economy.available_gpu_hours(october_5().total) == Decimal(240)

    def test_leaves_out_hours_that_have_not_begun(self) -> None:
        publish(terms("2026-10-05T00:00:00Z", gpu_count=2))

        found = october_5(now=datetime(2026, 10, 6, 5, 20, tzinfo=UTC))

        available = [economy.available_gpu_hours(day.sums) for day in found.days]
        assert available == [Decimal(48), Decimal(12)]

    def test_knows_days_of_25_hours(self) -> None:
        publish(terms("2026-10-05T00:00:00Z", gpu_count=2))

        # Clocks in Berlin go back on the 25th of October.
        found = october_5(
            time_zone="Europe/Berlin", starts_on=date(2026, 10, 24), ends_on=date(2026, 10, 27)
        )

        available = [economy.available_gpu_hours(day.sums) for day in found.days]
        assert available == [Decimal(48), Decimal(50), Decimal(48)]

    def test_enters_no_rate(self) -> None:
        publish(terms("2026-10-05T00:00:00Z", gpu_count=2))

        use("evt-1", factories.OCCURRED_AT)

        assert SlotRate.objects.get().inputs["terms"].keys() == {
            *("id", "provenance", "utilisation", "scarcity_factor")
        }
