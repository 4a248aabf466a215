"""`manage.py publish`: a document enters the catalogue, or waits, or is shown."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from ledger.pricing.models import Proposal, Publication, RateCardVersion
from tests import callers, factories

pytestmark = pytest.mark.django_db


def dearer() -> dict[str, Any]:
    terms = {"kind": "cost_plus", "margin": "0.21"}
    row = factories.version(provider="westcloud", rate_card="standard", currency="CNY", terms=terms)
    return {"rate_card_versions": [row | {"valid_from": "2026-11-01T00:00:00Z"}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dearer.yaml"
    path.write_text(yaml.safe_dump(dearer()), encoding="utf-8")
    return path


def run(*arguments: object, **options: object) -> str:
    out = StringIO()
    call_command("publish", *(str(one) for one in arguments), stdout=out, **options)
    return " ".join(out.getvalue().split())


class TestPublish:
    def test_publishes_first_prices_in_anybodys_name(self, tmp_path: Path) -> None:
        path = tmp_path / "first.yaml"
        path.write_text(yaml.safe_dump(factories.catalogue()), encoding="utf-8")

        said = run(path)

        assert f"publication {Publication.objects.get().pk}: " in said
        assert "1 site_pue" in said
        assert "everything in it is published already" in run(path)

    def test_shows_the_difference_in_a_dry_run(self, file: Path) -> None:
        factories.publish()

        said = run(file, "--dry-run")

        assert "terms/margin 0.10 0.21" in said
        assert "+10.00 %" in said
        assert (Proposal.objects.count(), RateCardVersion.objects.count()) == (0, 1)

    def test_lets_what_moves_prices_wait_for_another_user(self, file: Path) -> None:
        factories.publish()
        callers.user("anna")
        callers.user("berta")

        said = run(file, "--as", "anna", "--note", "indexation")
        number = Proposal.objects.get().pk

        assert f"manage.py publish --approve {number} --as USER" in said
        with pytest.raises(CommandError, match="another person publishes it"):
            run("--approve", number, "--as", "anna")
        assert f"proposal {number} of anna is published" in run(
            "--approve", number, "--as", "berta"
        )
        assert RateCardVersion.objects.count() == 2

    def test_tells_that_what_was_rated_keeps_its_price(self, tmp_path: Path) -> None:
        factories.publish()
        callers.user("anna")
        callers.user("berta")
        row = factories.version(site="west", pue="1.3") | {"valid_from": "2026-10-01T00:00:00Z"}
        path = tmp_path / "pue.yaml"
        path.write_text(yaml.safe_dump({"site_pue": [row]}), encoding="utf-8")
        run(path, "--as", "anna")

        said = run("--approve", Proposal.objects.get().pk, "--as", "berta")

        assert "usage since 2026-10-01 00:00 UTC may be rated by what it replaced" in said
        assert "manage.py rerate --from 2026-10-01 --to ... --dry-run" in said

    def test_needs_a_user_for_what_moves_prices(self, file: Path) -> None:
        factories.publish()

        with pytest.raises(CommandError, match="say which user proposes it"):
            run(file)

        assert Proposal.objects.count() == 0

    def test_refuses_a_proposal(self, file: Path) -> None:
        factories.publish()
        callers.user("anna")
        run(file, "--as", "anna")
        number = Proposal.objects.get().pk

        assert run("--refuse", number, "--as", "anna") == f"proposal {number} is refused"
