"""The dry run: what the catalogue as it stands would change of usage that was priced before.

A price is linear in the tokens. So nothing is looked at event by event: the database sums what
stands by all that decides a price, each combination is priced once, and its sums are multiplied.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from django.db import connection

from ledger.parties.models import Deployment
from ledger.periods import accounting_date
from ledger.pricing import kernel, price_inputs, slots
from ledger.pricing.models import Agreement
from ledger.pricing.naming import NameBook
from ledger.pricing.published import Lack, Published, load
from ledger.pricing.slots import COMPONENTS, Ask, Priced, RateBook, RatesMissing
from ledger.pricing.tariff import slot_of
from ledger.rating.archive.records import AWAY
from ledger.rating.preparation import Unprepared, prepared
from ledger.rating.rerating import differences
from ledger.rating.rerating.differences import Differences
from ledger.rating.rerating.figures import Figures
from ledger.rating.rerating.scope import IN_SCOPE, Scope
from ledger.rating.valuation import no_rate_for
from ledger.tokens import PROMPT_CLASSES, TOKEN_CLASSES

NOT_REVERSED: Final = """
    NOT EXISTS (SELECT FROM ledger_usage_entry reversal
                WHERE reversal.kind = 'reversal' AND reversal.corrects_id = entry.id
                  AND reversal.occurred_at = entry.occurred_at
                  AND reversal.occurred_at >= %(starts_at)s AND reversal.occurred_at < %(ends_at)s)
"""
PROMPT: Final = " + ".join(f"entry.{name}" for name in PROMPT_CLASSES)
CLASSES_USED: Final = " + ".join(
    f"(entry.{name} <> 0)::integer * {2**position}" for position, name in enumerate(TOKEN_CLASSES)
)
COMBINATIONS: Final = f"""
    SELECT entry.deployment_id, entry.provider_id, entry.consumer_id, entry.price_rate_id,
           date_bin('15 minutes', entry.occurred_at, 'epoch'),
           COALESCE(banded.bounds[NULLIF(width_bucket({PROMPT}, banded.bounds), 0)], 0),
           entry.service_tier, {CLASSES_USED}, count(*),
           {", ".join(f"sum(entry.{name})" for name in (*TOKEN_CLASSES, *COMPONENTS))}
    FROM ledger_usage_entry entry
    LEFT JOIN (
        SELECT deployment_id, bounds::bigint[] AS bounds
        FROM unnest(%(banded)s::bigint[], %(bounds)s::text[]) AS banded (deployment_id, bounds)
    ) banded ON banded.deployment_id = entry.deployment_id
    WHERE {IN_SCOPE} AND entry.kind <> 'reversal' AND {NOT_REVERSED}
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
"""What stands, by all that decides a price: the band is the one that it would have today."""

ARCHIVED: Final = f"""
    SELECT archive.month
    FROM ledger_archived_month archive
    WHERE {AWAY.format(archive="archive.id")}
      AND archive.month::timestamp AT TIME ZONE 'UTC' < %(ends_at)s
      AND (archive.month + interval '1 month')::timestamp AT TIME ZONE 'UTC' > %(starts_at)s
    ORDER BY archive.month
"""
COMBINATIONS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What a re-rating of the scope would change, by the catalogue of `revision`.

    `document` is what is shown and kept; `digest` is of what a second person approves. Of the
    usage entries that stand, `entries` would be taken back and replaced, and `renamed` get a rate
    by another name that charges the same: those stay as they are.
    """

    scope: Scope
    revision: int
    document: dict[str, Any]
    digest: bytes
    entries: int
    standing: int
    renamed: int


@dataclass(frozen=True, slots=True)
class _Combination:
    """Usage entries that share everything that decides their price; exact sums of them."""

    deployment: Deployment
    agreement: Agreement
    price_rate_id: int
    starts_at: datetime
    context_from_tokens: int
    service_tier: str
    classes: int
    entries: int
    counts: Sequence[int]
    amounts: dict[str, int]

    @property
    def ask(self) -> Ask:
        """Return the price that it would have today."""
        slot = slot_of(self.starts_at)
        band = self.context_from_tokens
        return Ask(self.deployment, self.agreement, band, slot, self.service_tier)

    @property
    def day(self) -> date:
        """Return the accounting date that its usage has of itself."""
        return accounting_date(self.starts_at, time_zone=self.agreement.time_zone)


def of(scope: Scope, *, now: datetime) -> Preview:
    """Return what re-rating the scope would change; what it needs of rates is stored.

    Inside a transaction that published something and is rolled back, it tells what that would
    change, and nothing is kept.
    """
    published = load()
    book = RateBook(published, names=NameBook.load(published.revision))
    return prepared(lambda: computed(scope, book=book), now=now)


def computed(scope: Scope, *, book: RateBook) -> Preview:
    """Return what re-rating the scope by these rates would change.

    :raises Unprepared: if rates must be stored first.
    """
    found = Differences()
    figures = Figures()
    standing = renamed = 0
    for part in _combinations(scope, book.published):
        standing += sum(one.entries for one in part)
        renamed += _compare(part, book, figures, found)
    document = differences.document(found, away=_archived(scope))
    document |= {"standing": standing, "renamed": renamed, "entries": found.entries}
    return Preview(
        scope=scope,
        revision=book.published.revision,
        document=document,
        digest=differences.digest(document, scope=scope.written),
        entries=found.entries,
        standing=standing,
        renamed=renamed,
    )


def _combinations(scope: Scope, published: Published) -> Iterator[list[_Combination]]:
    """Yield what stands in the scope, some thousand combinations at a time."""
    deployments = {one.id: one for one in published.deployments.values()}
    bounds = {id_: price_inputs.bands_of(published, one) for id_, one in deployments.items()}
    banded = {id_: of_one for id_, of_one in bounds.items() if of_one != (0,)}
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            COMBINATIONS,
            {
                **scope.parameters,
                "banded": list(banded),
                "bounds": ["{" + ",".join(map(str, one)) + "}" for one in banded.values()],
            },
        )
        while rows := cursor.fetchmany(COMBINATIONS_AT_ONCE):
            yield [_combination(row, deployments, published) for row in rows]


def _combination(
    row: tuple[Any, ...], deployments: dict[int, Deployment], published: Published
) -> _Combination:
    deployment_id, provider_id, consumer_id, *shared, entries = row[:9]
    price_rate_id, starts_at, band, tier, classes = shared
    sums = [int(total) for total in row[9:]]
    return _Combination(
        deployments[deployment_id],
        published.agreements[provider_id, consumer_id],
        price_rate_id,
        starts_at,
        band,
        tier,
        classes,
        entries,
        counts=sums[: len(TOKEN_CLASSES)],
        amounts=dict(zip(COMPONENTS, sums[len(TOKEN_CLASSES) :], strict=True)),
    )


def _compare(
    part: Sequence[_Combination], book: RateBook, figures: Figures, found: Differences
) -> int:
    """Add up what changes; return how many entries get a rate that charges the same.

    :raises Unprepared: if rates must be stored first.
    """
    answers = _priced(part, book)
    figures.read(one.price_rate_id for one in part)
    figures.read(one.price_rate_id for one in answers if isinstance(one, Priced))
    changed: list[tuple[_Combination, Priced]] = []
    renamed = 0
    for one, answer in zip(part, answers, strict=True):
        priced = answer if isinstance(answer, Lack) else _with_classes(one, answer, book)
        if isinstance(priced, Lack):
            found.lacking(reason=priced.reason, missing=priced.missing, entries=one.entries)
        elif priced.price_rate_id != one.price_rate_id:
            if figures.same(one.price_rate_id, priced.price_rate_id):
                renamed += one.entries
            else:
                changed.append((one, priced))
    for (one, answer), amounts in zip(changed, _amounts(changed, book), strict=True):
        _add(found, one, answer, amounts, before_in=figures.currency(one.price_rate_id))
    return renamed


def _priced(part: Sequence[_Combination], book: RateBook) -> list[Priced | Lack]:
    try:
        return book.price([one.ask for one in part])
    except RatesMissing as missing:
        compiled = missing.compiled
        raise Unprepared(lambda at: slots.store(compiled, now=at)) from missing


def _with_classes(one: _Combination, answer: Priced, book: RateBook) -> Priced | Lack:
    """Return the price, or what it lacks if a token class that is used has no rate."""
    for position, name in enumerate(TOKEN_CLASSES):
        if one.classes & 2**position and not book.rated[position, answer.row]:
            return no_rate_for(
                name,
                deployment=one.deployment,
                rate_card=answer.rate_card,
                costed=bool(book.costed[position, answer.row]),
            )
    return answer


def _amounts(
    changed: Sequence[tuple[_Combination, Priced]], book: RateBook
) -> Iterator[dict[str, int]]:
    """Yield what each combination comes to at its new rate, exactly, by component."""
    counts = np.array([one.counts for one, _ in changed], dtype=np.int64)
    counts = counts.reshape(len(changed), len(TOKEN_CLASSES))
    rows = np.array([answer.row for _, answer in changed], dtype=np.intp)
    computed_ = kernel.amounts(counts=list(counts.T), rates=book.rates, row=rows)
    for position, (one, answer) in enumerate(changed):
        if computed_.out_of_range[position]:
            # Sums may be beyond what each event keeps within.
            rates = book.rates[:, :, answer.row].tolist()
            values = [
                sum(rate * tokens for rate, tokens in zip(by_class, one.counts, strict=True))
                for by_class in rates
            ]
        else:
            values = computed_.values[:, position].tolist()
        yield dict(zip(COMPONENTS, values, strict=True))


def _add(
    found: Differences,
    one: _Combination,
    answer: Priced,
    amounts: dict[str, int],
    *,
    before_in: str,
) -> None:
    consumer, provider = one.agreement.consumer.code, one.agreement.provider.code
    before = found.line((consumer, provider, one.day, before_in))
    before.entries += one.entries
    before.tokens += sum(one.counts)
    differences.add(before.before, differences.shown(one.amounts))
    after = found.line((consumer, provider, one.day, answer.currency))
    differences.add(after.after, differences.shown(amounts))


def _archived(scope: Scope) -> list[date]:
    """Return the months of the scope that are in archives: they are named, and not touched."""
    with connection.cursor() as cursor:
        cursor.execute(ARCHIVED, dict(scope.parameters))
        return [month for (month,) in cursor.fetchall()]
