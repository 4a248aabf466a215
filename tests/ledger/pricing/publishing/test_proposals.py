"""Four eyes on prices: what would move one waits for a second person, what gives one does not."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from ledger.pricing.catalogue import DocumentInvalid
from ledger.pricing.models import Proposal, Publication, RateCardVersion, SitePue
from ledger.pricing.publishing import proposals
from ledger.pricing.publishing.proposals import (
    NoSuchProposal,
    ProposalNotOpen,
    ProposalOutdated,
    ProposerApproves,
    ProposerUnknown,
)
from tests import callers, factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

NOVEMBER = "2026-11-01T00:00:00Z"


def dearer(margin: str = "0.21") -> dict[str, Any]:
    """A margin of 21 instead of 10 per cent from November on: every price times 1.1."""
    terms = {"kind": "cost_plus", "margin": margin}
    row = factories.version(provider="westcloud", rate_card="standard", currency="CNY", terms=terms)
    return {"rate_card_versions": [row | {"valid_from": NOVEMBER}]}


def submit(document: dict[str, Any], name: str = "anna") -> proposals.Submitted:
    return proposals.submit(document, user=callers.user(name), now=NOW)


class TestPreview:
    def test_says_what_changes_and_what_that_does_to_prices(self) -> None:
        factories.publish()

        seen = proposals.preview(dearer(), now=NOW)

        (change,) = seen.changes
        assert (change.section, change.name, change.act) == (
            *("rate_card_versions", "westcloud/standard", "changed"),
        )
        assert [(one.field, one.before, one.after) for one in change.fields] == [
            ("terms/margin", "0.10", "0.21")
        ]
        # A prefill token costs 3,120,667 pico-CNY: 3.432733 and 3.776007 CNY a million.
        moved = {one.token_class: (one.before, one.after, one.percent) for one in seen.effects}
        assert moved["input"] == (Decimal("3.432733"), Decimal("3.776007"), "+10.00 %")
        assert {one.starts_at for one in seen.effects} == {datetime(2026, 11, 1, tzinfo=UTC)}

    def test_publishes_nothing(self) -> None:
        factories.publish()

        proposals.preview(dearer(), now=NOW)

        assert RateCardVersion.objects.count() == 1
        assert Publication.objects.count() == 1

    def test_of_what_is_published_already_is_empty(self) -> None:
        factories.publish()

        assert proposals.preview(factories.catalogue(), now=NOW).changes == []

    def test_says_that_a_withdrawal_takes_a_price_away(self) -> None:
        factories.publish()
        gone = factories.version(site="west", pue="1.2")
        gone |= {"valid_from": NOVEMBER, "withdrawn": True}

        seen = proposals.preview({"site_pue": [gone]}, now=NOW)

        assert [(one.act, one.moves_prices) for one in seen.changes] == [("withdrawn", True)]
        assert {one.after for one in seen.effects} == {None}

    def test_counts_a_second_context_band_as_moving_prices(self) -> None:
        factories.publish()
        band = factories.catalogue()["serving_profiles"][0] | {"context_from_tokens": 32_000}

        assert proposals.preview({"serving_profiles": [band]}, now=NOW).moves_prices

    def test_counts_the_first_load_of_a_deployment_as_moving_prices(self) -> None:
        factories.publish()
        load = factories.version(provider="westcloud", deployment="qwen", load="0.9")

        assert proposals.preview({"deployment_loads": [load]}, now=NOW).moves_prices

    @pytest.mark.parametrize(
        ("stated", "moves"),
        [({"gpu_count": 8}, False), ({"gpu_count": 8, "utilisation": "0.6"}, True)],
    )
    def test_counts_gpus_that_stand_ready_as_moving_no_price(
        self, stated: dict[str, Any], moves: bool
    ) -> None:
        factories.publish()
        row = factories.catalogue()["deployment_terms"][0] | {"valid_from": NOVEMBER} | stated

        seen = proposals.preview({"deployment_terms": [row]}, now=NOW)

        assert [(one.act, one.moves_prices) for one in seen.changes] == [("changed", moves)]

    def test_lets_a_new_deployment_come_with_its_load(self) -> None:
        document = factories.catalogue()
        load = factories.version(provider="westcloud", deployment="qwen", load="0.9")

        seen = proposals.preview(document | {"deployment_loads": [load]}, now=NOW)

        assert not seen.moves_prices


class TestSubmit:
    def test_publishes_at_once_what_gives_a_price_where_there_was_none(self) -> None:
        done = submit(factories.catalogue())

        assert done.publication_id == Publication.objects.get().pk
        assert (Publication.objects.get().published_by, done.proposal_id) == ("anna", None)

    def test_proposes_what_moves_a_price_that_is_in_force(self) -> None:
        factories.publish()

        done = submit(dearer())

        proposal = Proposal.objects.get()
        assert proposal.pk == done.proposal_id
        assert (proposal.state, proposal.proposed_by.username) == ("open", "anna")
        assert proposal.changes[0]["differences"][0]["after"] == "0.21"
        assert (done.publication_id, RateCardVersion.objects.count()) == (None, 1)

    def test_proposes_the_same_document_once(self) -> None:
        factories.publish()

        first, second = submit(dearer()), submit(dearer(), "berta")

        assert first.proposal_id == second.proposal_id
        assert Proposal.objects.count() == 1

    def test_takes_a_price_away_from_nobody_who_has_no_name(self) -> None:
        factories.publish()

        with pytest.raises(ProposerUnknown):
            proposals.submit(dearer(), user=None, name="operator", now=NOW)

        assert Proposal.objects.count() == 0

    @pytest.mark.parametrize("text", ["a\0b", "\ud800"])
    def test_refuses_text_that_the_database_cannot_hold(self, text: str) -> None:
        with pytest.raises(DocumentInvalid, match="no text can"):
            submit({"provenance": [{"code": "x", "grade": "I", "source": text}]})

        assert Publication.objects.count() == 0


class TestApprove:
    def test_publishes_what_another_person_proposed(self) -> None:
        factories.publish()
        done = submit(dearer())
        assert done.proposal_id is not None

        approved = proposals.approve(
            proposal_id=done.proposal_id, user=callers.user("berta"), now=NOW
        )

        assert (approved.state, approved.publication_id) == (
            *("published", Publication.objects.latest("id").pk),
        )
        assert Publication.objects.latest("id").published_by == "anna, approved by berta"
        assert RateCardVersion.objects.latest("id").terms["margin"] == "0.21"

    def test_refuses_who_proposed_it(self) -> None:
        factories.publish()
        done = submit(dearer())
        assert done.proposal_id is not None

        with pytest.raises(ProposerApproves):
            proposals.approve(proposal_id=done.proposal_id, user=callers.user("anna"), now=NOW)

        assert RateCardVersion.objects.count() == 1

    def test_refuses_what_would_do_something_else_by_now(self) -> None:
        factories.publish()
        done = submit(dearer())
        assert done.proposal_id is not None
        factories.publish(dearer("0.15"))  # the margin would fall from 0.15 now, not from 0.10

        with pytest.raises(ProposalOutdated):
            proposals.approve(proposal_id=done.proposal_id, user=callers.user("berta"), now=NOW)

        assert RateCardVersion.objects.count() == 2
        assert Proposal.objects.get().state == "open"

    def test_refuses_what_was_published_otherwise_meanwhile(self) -> None:
        factories.publish()
        done = submit(dearer())
        assert done.proposal_id is not None
        factories.publish(dearer())

        with pytest.raises(ProposalOutdated):
            proposals.approve(proposal_id=done.proposal_id, user=callers.user("berta"), now=NOW)

    def test_decides_once(self) -> None:
        factories.publish()
        done = submit(dearer())
        assert done.proposal_id is not None
        proposals.refuse(proposal_id=done.proposal_id, user=callers.user("anna"), now=NOW)

        with pytest.raises(ProposalNotOpen, match="refused"):
            proposals.approve(proposal_id=done.proposal_id, user=callers.user("berta"), now=NOW)
        with pytest.raises(NoSuchProposal):
            proposals.refuse(proposal_id=0, user=callers.user("berta"), now=NOW)


class TestDatabase:
    def test_refuses_a_publication_by_who_proposed_it(self) -> None:
        publication = factories.publish().publication_id
        submit(dearer())
        proposal = Proposal.objects.filter(state="open")

        with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
            proposal.update(
                state="published",
                decided_by=callers.user("anna"),
                decided_at=NOW,
                publication_id=publication,
            )

    @pytest.mark.parametrize(
        "attack",
        [
            "UPDATE ledger_proposal SET document = '{}'",
            "UPDATE ledger_proposal SET proposed_by_id = proposed_by_id + 1",
            "DELETE FROM ledger_proposal",
        ],
    )
    def test_refuses_to_change_what_was_proposed(self, attack: str) -> None:
        factories.publish()
        submit(dearer())

        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)

    def test_refuses_a_second_decision(self) -> None:
        factories.publish()
        done = submit(dearer())
        assert done.proposal_id is not None
        proposals.refuse(proposal_id=done.proposal_id, user=callers.user("anna"), now=NOW)

        with pytest.raises(IntegrityError, match="decided once"), transaction.atomic():
            Proposal.objects.update(decided_at=NOW, state="refused")


class TestRates:
    def test_the_pue_of_a_proposal_is_not_used_before_it_is_approved(self) -> None:
        factories.publish()

        submit({"site_pue": [factories.version(site="west", pue="1.3")]})

        assert [one.pue for one in SitePue.objects.all()] == [Decimal("1.2")]
