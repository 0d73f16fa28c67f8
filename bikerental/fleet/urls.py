from django.urls import path

from bikerental.fleet.api.photos import (
    BikePhotoConfirmView,
    BikePhotoView,
    ReportPhotoConfirmView,
    ReportPhotoView,
)
from bikerental.fleet.api.views import BikesView, BikeView, StationsView, StationView

urlpatterns = [
    path("bikes/", BikesView.as_view(), name="bikes"),
    path("bikes/<uuid:bike_id>/", BikeView.as_view(), name="bike"),
    path("bikes/<uuid:bike_id>/photo/", BikePhotoView.as_view(), name="bike-photo"),
    path("bikes/<uuid:bike_id>/photo/confirm/", BikePhotoConfirmView.as_view(), name="bike-photo-confirm"),
    path("bikes/<uuid:bike_id>/reports/<uuid:report_id>/photo/", ReportPhotoView.as_view(), name="report-photo"),
    path(
        "bikes/<uuid:bike_id>/reports/<uuid:report_id>/photo/confirm/",
        ReportPhotoConfirmView.as_view(),
        name="report-photo-confirm",
    ),
    path("stations/", StationsView.as_view(), name="stations"),
    path("stations/<uuid:station_id>/", StationView.as_view(), name="station"),
]
