from django.urls import path

from bikerental.fleet.api.views import BikesView, BikeView, StationsView, StationView

urlpatterns = [
    path("bikes/", BikesView.as_view(), name="bikes"),
    path("bikes/<uuid:bike_id>/", BikeView.as_view(), name="bike"),
    path("stations/", StationsView.as_view(), name="stations"),
    path("stations/<uuid:station_id>/", StationView.as_view(), name="station"),
]
