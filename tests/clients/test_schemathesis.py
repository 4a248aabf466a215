"""The whole API, called with whatever its document allows and forbids: no answer is unforeseen."""

import json

import pytest

from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from settlement.clearing.models import Settlement
from tests import callers, foreign
from tests.settlement import factories

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def ids() -> dict[str, list[str]]:
    """Return path parameters that lead to something."""
    usage = UsageEntry.objects.get()
    return {
        "entry_id": [str(usage.journal_entry_id)],
        "batch_id": [str(usage.batch_id)],
        "usage_entry_id": [public_id(occurred_at=usage.occurred_at, id_=usage.id)],
        "settlement_id": [str(Settlement.objects.get().id)],
        "code": ["platform:fees:CNY", "consumer:acme:receivable:CNY"],
        "site": ["west"],
    }


class TestTheDocument:
    @pytest.mark.parametrize(
        ("party", "part"),
        [("clearwatt", []), ("westcloud", ["--include-method", "POST"])],
        ids=["read by the platform", "written by a provider"],
    )
    def test_foresees_every_answer_and_no_request_breaks_the_server(
        self, site: str, party: str, part: list[str]
    ) -> None:
        factories.publish()
        factories.use("evt-1")
        factories.calculate()
        callers.user("operator")
        token = callers.token(party, user_name="operator")

        ended = foreign.run(
            "schemathesis",
            "run",
            f"{site}/v1/schema",
            *part,
            "--header",
            f"Authorization: Bearer {token}",
            "--checks",
            ",".join(CHECKS),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", "10"),
            "--generation-deterministic",
            "--continue-on-failure",
            *("--suppress-health-check", "all"),
            "--no-color",
            variables={
                "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
                "PYTHONPATH": str(foreign.SCRIPTS),
                "CLEARWATT_IDS": json.dumps(ids()),
            },
        )

        assert ended.returncode == 0, ended.stdout[-8_000:]
        assert "passed" in ended.stdout
