"""Attacks by somebody who knows the books: everything that follows is changed as well.

After the first change, amounts are computed anew from the rates that the usage entry names, and
postings, balances and the rollup are moved by the difference.
"""

from typing import Final

from ledger.pricing.slots import COMPONENTS, PHYSICAL
from ledger.tokens import TOKEN_CLASSES

BEFORE: Final = """
    CREATE TEMPORARY TABLE before ON COMMIT DROP AS
    SELECT * FROM ledger_usage_entry WHERE event_id = '{event}'
"""
AMOUNTS: Final = """
    UPDATE ledger_usage_entry entry SET {amounts}
    FROM ledger_price_rate price_rate, ledger_slot_rate slot_rate
    WHERE price_rate.id = entry.price_rate_id AND slot_rate.id = price_rate.slot_rate_id
      AND entry.event_id = '{event}'
"""
MOVES: Final = """
    CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
    SELECT account.id AS account_id, before.journal_entry_id AS entry_id,
           before.occurred_at, line.amount
    FROM before LEFT JOIN ledger_usage_entry entry USING (occurred_at, id)
    CROSS JOIN LATERAL (VALUES {lines}) AS line (code, amount)
    JOIN ledger_account account ON account.code = line.code
    WHERE line.amount <> 0
"""
POSTINGS: Final = """
    UPDATE ledger_posting posting SET amount = posting.amount + moved.amount
    FROM moved
    WHERE posting.entry_id = moved.entry_id AND posting.account_id = moved.account_id
"""
BALANCES: Final = """
    UPDATE ledger_balance balance
    SET debits = debits + CASE WHEN posting.amount > 0 THEN moved.amount ELSE 0 END,
        credits = credits - CASE WHEN posting.amount < 0 THEN moved.amount ELSE 0 END
    FROM moved
    JOIN ledger_posting posting USING (entry_id, account_id)
    JOIN ledger_journal_entry entry ON entry.id = moved.entry_id
    WHERE balance.account_id = moved.account_id
      AND balance.accounting_date = entry.accounting_date
"""
ROLLUP: Final = """
    UPDATE ledger_usage_rollup rollup SET {sums}
    FROM before LEFT JOIN ledger_usage_entry entry USING (occurred_at, id)
    WHERE rollup.hour = date_trunc('hour', before.occurred_at, 'UTC')
      AND rollup.consumer_id = before.consumer_id AND rollup.project = before.project
"""


def more_tokens(event: str) -> tuple[str, ...]:
    """Return statements that book a thousand more output tokens for an event."""
    change = f"UPDATE ledger_usage_entry SET output = output + 1000 WHERE event_id = '{event}'"
    return followed(change, event=event)


def another_rate(event: str, *, of: str) -> tuple[str, ...]:
    """Return statements that price an event at the rate of another one."""
    change = f"""
        UPDATE ledger_usage_entry SET price_rate_id =
            (SELECT price_rate_id FROM ledger_usage_entry WHERE event_id = '{of}')
        WHERE event_id = '{event}'
    """
    return followed(change, event=event)


def followed(*changes: str, event: str) -> tuple[str, ...]:
    """Return the changes with all that follows from them."""
    return (
        BEFORE.format(event=event),
        *changes,
        AMOUNTS.format(event=event, amounts=", ".join(_amount(name) for name in COMPONENTS)),
        MOVES.format(lines=", ".join(f"('{code}', {amount})" for code, amount in _lines())),
        POSTINGS,
        BALANCES,
        ROLLUP.format(
            sums=", ".join(
                f"{name} = rollup.{name} + {_more(name)}" for name in (*TOKEN_CLASSES, *COMPONENTS)
            )
        ),
    )


def _amount(component: str) -> str:
    rate = "slot_rate" if component in PHYSICAL else "price_rate"
    terms = (
        f"entry.{name} * COALESCE({rate}.{component}[{position}], 0)"
        for position, name in enumerate(TOKEN_CLASSES, start=1)
    )
    return f"{component} = {' + '.join(terms)}"


def _more(*columns: str) -> str:
    """Return SQL for what columns of the usage entry grew by."""
    return "(" + " + ".join(f"COALESCE(entry.{one}, 0) - before.{one}" for one in columns) + ")"


def _lines() -> list[tuple[str, str]]:
    """Return (account code, SQL of the amount) of what is posted for the consumer acme."""
    price = ("compute", "energy", "green", "scarcity", "margin")
    payable = "provider:westcloud:payable"
    lines = [
        ("consumer:acme:receivable:CNY", f"{_more(*price, 'fee_consumer')} * 1e-12"),
        *((f"{payable}:{name}:CNY", f"-{_more(name)} * 1e-12") for name in price),
        (f"{payable}:fee:CNY", f"{_more('fee_provider')} * 1e-12"),
        ("platform:fees:CNY", f"-{_more('fee_provider', 'fee_consumer')} * 1e-12"),
    ]
    for purpose, site, commodity, amount in (
        ("tokens", "", "TOK", f"{_more(*TOKEN_CLASSES)}"),
        ("energy", "west:", "J", f"{_more('energy_microjoules')} * 1e-6"),
        ("co2_location", "", "CO2E_L", f"{_more('co2_location_nanograms')} * 1e-9"),
        ("co2_market", "", "CO2E_M", f"{_more('co2_market_nanograms')} * 1e-9"),
    ):
        lines += [
            (f"consumer:acme:{purpose}:{commodity}", amount),
            (f"provider:westcloud:{purpose}:{site}{commodity}", f"-{amount}"),
        ]
    return lines
