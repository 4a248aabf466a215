"""Every path that is served: the API, its documents, the problem pages, the admin."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config import pages, problems
from ledger.api.openmeter import OpenMeterView

urlpatterns = [
    path("", pages.index, name="index"),
    path("admin/", admin.site.urls),
    path("problems", pages.problems, name="problems"),
    path("problems/<str:name>", pages.problem, name="problem"),
    path("v1/schema", SpectacularAPIView.as_view(), name="schema"),
    path("v1/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("v1/", include("ledger.api.urls")),
    path("v1/", include("settlement.api.urls")),
    path("api/v1/events", OpenMeterView.as_view()),  # where OpenMeter has it
    re_path(r"^(?:v1|api)/", problems.no_such_path),
]

handler400 = problems.bad_request
handler404 = problems.not_found
handler500 = problems.server_error
