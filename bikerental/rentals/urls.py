from django.urls import path

from bikerental.rentals.api.quote import QuoteView
from bikerental.rentals.api.reports import BikeReportsView
from bikerental.rentals.api.reservations import CurrentReservationView, ReservationsView, ReservationView
from bikerental.rentals.api.views import (
    CurrentRentalView,
    RentalCancelView,
    RentalReturnView,
    RentalsView,
    RentalView,
)

urlpatterns = [
    # Django tries the routes in this order, so the most used come first.
    path("rentals/", RentalsView.as_view(), name="rentals"),
    path("rentals/<uuid:rental_id>/return/", RentalReturnView.as_view(), name="rental-return"),
    path("rentals/current/", CurrentRentalView.as_view(), name="rental-current"),
    path("rentals/<uuid:rental_id>/", RentalView.as_view(), name="rental"),
    path("rentals/<uuid:rental_id>/cancel/", RentalCancelView.as_view(), name="rental-cancel"),
    path("reservations/", ReservationsView.as_view(), name="reservations"),
    path("reservations/current/", CurrentReservationView.as_view(), name="reservation-current"),
    path("reservations/<uuid:reservation_id>/", ReservationView.as_view(), name="reservation"),
    path("bikes/<uuid:bike_id>/quote/", QuoteView.as_view(), name="bike-quote"),
    path("bikes/<uuid:bike_id>/reports/", BikeReportsView.as_view(), name="bike-reports"),
]
