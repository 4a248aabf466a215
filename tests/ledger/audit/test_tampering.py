"""Audits find what was changed behind the program's back, and name it by the right audit."""

import pytest

from ledger import audit
from settlement.audits import EVERY_AUDIT
from tests.ledger.audit import attacks, books
from tests.ledger.audit.attacks import Attack

pytestmark = pytest.mark.django_db

ATTACKS = attacks.BOOKS


@pytest.fixture(autouse=True)
def _books() -> None:
    books.keep()


class TestAudits:
    @pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
    def test_see_an_attack_and_only_those_that_it_concerns(self, attack: Attack) -> None:
        books.tamper(*attack.statements)

        assert {finding.audit for finding in audit.run(EVERY_AUDIT)} == attack.seen_by
