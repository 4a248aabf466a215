"""The paths of the ledger under /v1/."""

from django.urls import path

from ledger.api import (
    accounts,
    batches,
    completeness,
    corrections,
    events,
    litellm,
    otlp,
    publishing,
    quotes,
    sources,
    usage,
    whatif,
)

urlpatterns = [
    path("health", batches.HealthView.as_view()),
    path("events", events.EventsView.as_view()),
    # An event's id is its sender's, and may hold slashes.
    path("events/<path:event_id>/void", corrections.VoidView.as_view()),
    path("events/<path:event_id>/amend", corrections.AmendView.as_view()),
    path("corrections", corrections.CorrectionsView.as_view()),
    path("corrections/<int:correction_id>", corrections.CorrectionView.as_view()),
    path("litellm", litellm.LiteLLMView.as_view()),
    path("otlp/v1/traces", otlp.TracesView.as_view()),
    path("batches/<int:batch_id>", batches.BatchView.as_view()),
    path("set-aside", batches.SetAsideView.as_view()),
    path("sources", sources.SourcesView.as_view()),
    path("sources/unmapped", sources.UnmappedView.as_view()),
    path("sources/<int:source_id>/names", sources.NamesView.as_view()),
    path("sources/<int:source_id>/gaps", completeness.GapsView.as_view()),
    path("sources/<int:source_id>/coverage", completeness.CoverageView.as_view()),
    path("sources/<int:source_id>/manifests", completeness.ManifestsView.as_view()),
    path("publications", publishing.PublicationsView.as_view()),
    path("proposals", publishing.ProposalsView.as_view()),
    path("proposals/<int:proposal_id>", publishing.ProposalView.as_view()),
    path("proposals/<int:proposal_id>/approve", publishing.ApproveProposalView.as_view()),
    path("proposals/<int:proposal_id>/refuse", publishing.RefuseProposalView.as_view()),
    path("accounts", accounts.AccountsView.as_view()),
    path("accounts/<str:code>", accounts.AccountView.as_view()),
    path("accounts/<str:code>/balance", accounts.BalanceView.as_view()),
    path("accounts/<str:code>/postings", accounts.PostingsView.as_view()),
    path("entries/<int:entry_id>", accounts.EntryView.as_view()),
    path("entries/<int:entry_id>/usage", usage.EntryUsageView.as_view()),
    path("quotes", quotes.QuotesView.as_view()),
    path("whatif", whatif.WhatIfView.as_view()),
    path("usage-entries/<str:usage_entry_id>", usage.UsageEntryView.as_view()),
    path("usage-entries/<str:usage_entry_id>/explain", usage.ExplanationView.as_view()),
]
