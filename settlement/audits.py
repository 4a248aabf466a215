"""Every audit there is: those of the ledger, and those of settlement above it."""

from typing import Final

from ledger.audit import AUDITS as LEDGER_AUDITS
from ledger.audit import Audit
from settlement.clearing.audits import AUDITS as SETTLEMENT_AUDITS
from settlement.clearing.true_up_audits import AUDITS as TRUE_UP_AUDITS

EVERY_AUDIT: Final[tuple[Audit, ...]] = (*LEDGER_AUDITS, *SETTLEMENT_AUDITS, *TRUE_UP_AUDITS)
