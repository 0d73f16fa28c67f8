from django.urls import path

from bikerental.claims.api.views import ClaimsOfRentalView, ClaimsView, ClaimView

urlpatterns = [
    path("claims/", ClaimsView.as_view(), name="claims"),
    path("claims/<uuid:claim_id>/", ClaimView.as_view(), name="claim"),
    path("rentals/<uuid:rental_id>/claims/", ClaimsOfRentalView.as_view(), name="rental-claims"),
]
