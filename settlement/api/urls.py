"""The paths of settlement under /v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
