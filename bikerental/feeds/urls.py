from django.urls import include, path

from bikerental.feeds.api import mds
from bikerental.feeds.api.gbfs import gbfs

# Without a slash at the end: the specification of MDS writes its paths so.
mds_patterns = [
    path("vehicles", mds.VehiclesView.as_view()),
    path("vehicles/status", mds.VehiclesStatusView.as_view()),
    path("vehicles/status/<uuid:device_id>", mds.VehicleStatusView.as_view()),
    path("vehicles/<uuid:device_id>", mds.VehicleView.as_view()),
    path("trips", mds.TripsView.as_view()),
    path("events/historical", mds.HistoricalEventsView.as_view()),
    path("events/recent", mds.RecentEventsView.as_view()),
    path("telemetry", mds.TelemetryView.as_view()),
    path("stops", mds.StopsView.as_view()),
    path("stops/<uuid:stop_id>", mds.StopView.as_view()),
    path("reports/<str:filename>", mds.ReportView.as_view()),
]

urlpatterns = [path("gbfs/<path:name>", gbfs, name="gbfs"), path("mds/", include(mds_patterns))]
