"""True-ups: what volume terms make of a period, booked when a period closes.

Volume counts in the period in which it occurred, whenever it was booked. So at each close the
agreement's earlier periods are calculated again too, and only what differs from before is booked,
in the period that closes.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction

from ledger.books import journal, periods
from ledger.books.entries import Draft
from ledger.periods import begins_with_an_hour, last_day, starts_at
from ledger.pricing import true_up, volume_terms
from ledger.pricing.inputs import text
from ledger.pricing.models import AgreementVersion
from ledger.pricing.volume_terms import InvalidVolumeTerms
from ledger.quantities import PICO_PER_UNIT, in_units
from ledger.tokens import TOKEN_CLASSES
from settlement.clearing.entries import TRUE_UP_AMOUNTS, TrueUpOf, true_up_draft
from settlement.clearing.models import TrueUp

PERIODS: Final = """
    SELECT agreement.id, agreement.code, agreement.time_zone,
           agreement.provider_id, provider.code, agreement.consumer_id, consumer.code,
           period.id, period.starts_on, period.ends_on, booked.id, booked.starts_on, booked.ends_on
    FROM ledger_period booked
    JOIN ledger_agreement agreement ON agreement.id = booked.agreement_id
    JOIN ledger_party provider ON provider.id = agreement.provider_id
    JOIN ledger_party consumer ON consumer.id = agreement.consumer_id
    JOIN ledger_period period
        ON period.agreement_id = agreement.id
       AND (period.id = booked.id
            OR (period.starts_on < booked.starts_on AND period.state = 'closed'))
    WHERE booked.starts_on = %(starts_on)s AND booked.state = 'open'
      AND (EXISTS (SELECT FROM ledger_agreement_version version
                   WHERE version.agreement_id = agreement.id AND version.volume_terms IS NOT NULL)
           OR EXISTS (SELECT FROM settlement_true_up earlier
                      WHERE earlier.agreement_id = agreement.id))
    ORDER BY agreement.id, period.starts_on
"""
VERSIONS: Final = """
    SELECT DISTINCT ON (wanted.period_id)
           wanted.period_id, version.id, version.withdrawn, version.currency,
           version.volume_terms, version.fee_rate, version.fee_consumer_share
    FROM unnest(%(periods)s::bigint[], %(agreements)s::bigint[], %(ends)s::timestamptz[])
         AS wanted (period_id, agreement_id, ends_at)
    JOIN ledger_agreement_version version
        ON version.agreement_id = wanted.agreement_id AND version.valid_from < wanted.ends_at
    ORDER BY wanted.period_id, version.valid_from DESC, version.revision DESC
"""
"""The version in force when the period ends."""

SUMS: Final = f"""
    SELECT wanted.period_id, rollup.currency,
           {", ".join(f"sum(rollup.{name})" for name in TOKEN_CLASSES)},
           sum(rollup.compute + rollup.energy + rollup.green + rollup.scarcity + rollup.margin)
    FROM unnest(%(periods)s::bigint[], %(providers)s::bigint[], %(consumers)s::bigint[],
                %(starts)s::timestamptz[], %(ends)s::timestamptz[])
         AS wanted (period_id, provider_id, consumer_id, starts_at, ends_at)
    JOIN ledger_usage_rollup rollup
        ON rollup.hour >= wanted.starts_at AND rollup.hour < wanted.ends_at
       AND rollup.provider_id = wanted.provider_id AND rollup.consumer_id = wanted.consumer_id
    GROUP BY wanted.period_id, rollup.currency
"""
BEFORE: Final = f"""
    SELECT DISTINCT ON (period_id, currency)
           period_id, currency, inputs, {", ".join(TRUE_UP_AMOUNTS)}
    FROM settlement_true_up
    WHERE period_id = ANY(%(periods)s)
    ORDER BY period_id, currency, id DESC
"""
NEWEST: Final = """
    SELECT agreement_id, max(id)
    FROM ledger_journal_entry
    WHERE agreement_id = ANY(%(agreements)s) AND kind = 'usage'
    GROUP BY agreement_id
"""
BOOKED: Final = f"""
    SELECT agreement.code, period.starts_on, of_close.currency, of_close.working,
           {", ".join(f"of_close.{name} - COALESCE(earlier.{name}, 0)" for name in TRUE_UP_AMOUNTS)}
    FROM settlement_true_up of_close
    JOIN ledger_period booked ON booked.id = of_close.booked_period_id
    JOIN ledger_period period ON period.id = of_close.period_id
    JOIN ledger_agreement agreement ON agreement.id = of_close.agreement_id
    LEFT JOIN LATERAL (
        SELECT * FROM settlement_true_up before
        WHERE before.period_id = of_close.period_id AND before.currency = of_close.currency
          AND before.id < of_close.id
        ORDER BY before.id DESC
        LIMIT 1
    ) earlier ON true
    WHERE booked.starts_on = %(starts_on)s
    ORDER BY agreement.code, period.starts_on, of_close.currency
"""
CHARGED: Final = "charged"
NOTHING: Final = true_up.Sums(tokens=dict.fromkeys(TOKEN_CLASSES, 0), charged=0)
NONE_AGREED: Final = true_up.TrueUp(0, 0, 0, 0, 0, working=[])

Amounts = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Shown:
    """A true-up as it is shown: how it came about, and what of it was not booked before."""

    agreement: str
    month: date
    currency: str
    working: list[dict[str, str]]
    difference: Amounts


@dataclass(frozen=True, slots=True)
class Span:
    """A period of an agreement whose volume counts, and the period that closes."""

    agreement_id: int
    agreement: str
    time_zone: str
    provider_id: int
    provider: str
    consumer_id: int
    consumer: str
    period_id: int
    starts_on: date
    ends_on: date
    booked_period_id: int
    booked_on: date
    booked_ends_on: date

    @property
    def starts_at(self) -> datetime:
        """Return the instant at which the period begins."""
        return starts_at(self.starts_on, time_zone=self.time_zone)

    @property
    def ends_at(self) -> datetime:
        """Return the instant at which the period ends."""
        return starts_at(self.ends_on, time_zone=self.time_zone)


@dataclass(frozen=True, slots=True)
class Calculated:
    """What a period comes to in one currency: made from `inputs`, of which `booked` was before."""

    span: Span
    currency: str
    version_id: int | None
    through_entry: int
    inputs: dict[str, Any]
    amounts: Amounts
    working: true_up.Working
    booked: Amounts

    @property
    def difference(self) -> Amounts:
        """Return what is still to be booked."""
        return {name: self.amounts[name] - self.booked[name] for name in TRUE_UP_AMOUNTS}


def book(*, starts_on: date, now: datetime) -> list[TrueUp]:
    """Book the true-ups of the open periods that begin on `starts_on`, and of earlier ones.

    The caller holds those periods locked and closes them in the same transaction: no usage of
    their agreements is booked in between.

    :raises InvalidVolumeTerms: if a period does not begin with an hour of UTC.
    """
    fresh = calculated(starts_on=starts_on)
    drafts = [_draft(one) if any(one.difference.values()) else None for one in fresh]
    posted = iter(journal.post([draft for draft in drafts if draft is not None], now=now))
    return TrueUp.objects.bulk_create(
        TrueUp(
            agreement_id=one.span.agreement_id,
            agreement_version_id=one.version_id,
            period_id=one.span.period_id,
            booked_period_id=one.span.booked_period_id,
            currency=one.currency,
            through_entry=one.through_entry,
            inputs=one.inputs,
            working=one.working,
            digest=digest(inputs=one.inputs, amounts=one.amounts, working=one.working),
            journal_entry_id=None if draft is None else next(posted),
            **one.amounts,
        )
        for one, draft in zip(fresh, drafts, strict=True)
    )


def calculated(*, starts_on: date) -> list[Calculated]:
    """Return what is new: periods never calculated, and those whose sums or terms have changed.

    By agreement, period and currency; of the open periods that begin on `starts_on` and of closed
    ones before. Five statements, whatever their number.

    :raises InvalidVolumeTerms: if a period does not begin with an hour of UTC.
    """
    spans = [Span(*row) for row in _rows(PERIODS, {"starts_on": starts_on})]
    if not spans:
        return []
    for span in spans:
        if not begins_with_an_hour(span.starts_on, time_zone=span.time_zone):
            raise InvalidVolumeTerms(
                span.agreement, f"months of {span.time_zone} begin off an hour"
            )
    wanted = {
        "periods": [span.period_id for span in spans],
        "agreements": [span.agreement_id for span in spans],
        "providers": [span.provider_id for span in spans],
        "consumers": [span.consumer_id for span in spans],
        "starts": [span.starts_at for span in spans],
        "ends": [span.ends_at for span in spans],
    }
    versions = {row[0]: row[1:] for row in _rows(VERSIONS, wanted)}
    sums = {
        (row[0], row[1]): true_up.Sums(
            tokens=dict(zip(TOKEN_CLASSES, map(int, row[2:-1]), strict=True)), charged=int(row[-1])
        )
        for row in _rows(SUMS, wanted)
    }
    before: dict[int, dict[str, tuple[Any, Amounts]]] = defaultdict(dict)
    for period_id, currency, inputs, *amounts in _rows(BEFORE, wanted):
        stood = dict(zip(TRUE_UP_AMOUNTS, amounts, strict=True))
        before[period_id][currency] = (_loaded(inputs), stood)
    newest = dict(_rows(NEWEST, wanted))
    found = []
    for span in spans:
        found += _of_span(
            span,
            versions.get(span.period_id),
            sums=sums,
            before=before[span.period_id],
            through_entry=newest.get(span.agreement_id, 0),
        )
    return found


@transaction.atomic
def preview(*, starts_on: date) -> list[Shown]:
    """Return what closing the month that begins then would book now; nothing is written.

    :raises InvalidVolumeTerms: if a period does not begin with an hour of UTC.
    """
    agreed = AgreementVersion.objects.filter(volume_terms__isnull=False)
    periods.ensure((one, starts_on) for one in agreed.values_list("agreement_id", flat=True))
    found = [
        Shown(one.span.agreement, one.span.starts_on, one.currency, one.working, one.difference)
        for one in calculated(starts_on=starts_on)
    ]
    transaction.set_rollback(True)
    return found


def booked(*, starts_on: date) -> list[Shown]:
    """Return the true-ups booked at the close of the month that begins then, by agreement."""
    return [
        Shown(
            agreement,
            month,
            currency,
            _loaded(steps),
            dict(zip(TRUE_UP_AMOUNTS, amounts, strict=True)),
        )
        for agreement, month, currency, steps, *amounts in _rows(BOOKED, {"starts_on": starts_on})
    ]


def result_of(inputs: Mapping[str, Any]) -> true_up.TrueUp:
    """Return the true-up that written-out inputs lead to: at a close, and in an audit."""
    if inputs["volume_terms"] is None:
        return NONE_AGREED
    return true_up.of_period(
        volume_terms.from_document(inputs["volume_terms"]),
        true_up.Sums(
            tokens={name: int(inputs["tokens"][name]) for name in TOKEN_CLASSES},
            charged=int(inputs[CHARGED]),
        ),
        fee=true_up.Fee(
            rate=Decimal(inputs["fee_rate"]), consumer_share=Decimal(inputs["fee_consumer_share"])
        ),
    )


def amounts_of(result: true_up.TrueUp) -> dict[str, Decimal]:
    """Return the amounts of a true-up in units of money."""
    return {
        name: in_units(getattr(result, name), per_unit=PICO_PER_UNIT) for name in TRUE_UP_AMOUNTS
    }


def digest(*, inputs: Mapping[str, Any], amounts: Amounts, working: Sequence[Any]) -> str:
    """Return the SHA-256 of what a true-up was made from and what it came to."""
    document = {
        "inputs": inputs,
        "amounts": {name: text(amounts[name]) for name in TRUE_UP_AMOUNTS},
        "working": list(working),
    }
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _of_span(
    span: Span,
    version: tuple[Any, ...] | None,
    *,
    sums: Mapping[tuple[int, str], true_up.Sums],
    before: Mapping[str, tuple[Any, Amounts]],
    through_entry: int,
) -> list[Calculated]:
    """Return the period's true-ups that are new: in the currency agreed, and in any before it."""
    version_id, withdrawn, agreed, terms, fee_rate, share = version or (None, True, "", None, 0, 0)
    in_force = not withdrawn and terms is not None
    found = []
    for currency in sorted(before.keys() | ({agreed} if in_force else set())):
        holds = in_force and currency == agreed
        of_period = sums.get((span.period_id, currency), NOTHING)
        inputs = {
            "agreement": span.agreement,
            "from": span.starts_on.isoformat(),
            "to": span.ends_on.isoformat(),
            "currency": currency,
            "agreement_version": version_id if holds else None,
            "volume_terms": _loaded(terms) if holds else None,
            "fee_rate": text(fee_rate) if holds else "0",
            "fee_consumer_share": text(share) if holds else "0",
            "tokens": {name: str(count) for name, count in of_period.tokens.items()},
            CHARGED: str(of_period.charged),
        }
        earlier, booked = before.get(currency, (None, dict.fromkeys(TRUE_UP_AMOUNTS, Decimal(0))))
        if inputs == earlier:
            continue
        result = result_of(inputs)
        found.append(
            Calculated(
                span=span,
                currency=currency,
                version_id=version_id if holds else None,
                through_entry=through_entry,
                inputs=inputs,
                amounts=amounts_of(result),
                working=result.working,
                booked=booked,
            )
        )
    return found


def _draft(one: Calculated) -> Draft:
    span = one.span
    of = TrueUpOf(
        agreement=span.agreement,
        agreement_id=span.agreement_id,
        provider=span.provider,
        consumer=span.consumer,
        currency=one.currency,
        of_month=span.starts_on,
        period_id=span.booked_period_id,
        accounting_date=last_day(span.booked_ends_on),
    )
    return true_up_draft(one.difference, of)


def _loaded(value: Any) -> Any:
    """Return JSON as the database hands it to a plain cursor: as text."""
    return json.loads(value) if isinstance(value, str) else value


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
