from django.urls import path

from bikerental.maintenance.api.photos import (
    BikePhotoConfirmView,
    BikePhotoView,
    ReportPhotoConfirmView,
    ReportPhotoView,
)

urlpatterns = [
    path("bikes/<uuid:bike_id>/photo/", BikePhotoView.as_view(), name="bike-photo"),
    path("bikes/<uuid:bike_id>/photo/confirm/", BikePhotoConfirmView.as_view(), name="bike-photo-confirm"),
    path("bikes/<uuid:bike_id>/reports/<uuid:report_id>/photo/", ReportPhotoView.as_view(), name="report-photo"),
    path(
        "bikes/<uuid:bike_id>/reports/<uuid:report_id>/photo/confirm/",
        ReportPhotoConfirmView.as_view(),
        name="report-photo-confirm",
    ),
]
