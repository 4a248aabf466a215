"""The paths of settlement under /v1/."""

from django.urls import path

from settlement.api import settlements

urlpatterns = [
    path("settlements", settlements.SettlementsView.as_view()),
    path("settlements/<int:settlement_id>", settlements.SettlementView.as_view()),
    path("settlements/<int:settlement_id>/approve", settlements.ApproveView.as_view()),
]
