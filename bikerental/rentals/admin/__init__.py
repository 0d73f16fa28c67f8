"""The admin's pages of rides and reservations: reading them, ending a ride, and correcting its cost."""

from bikerental.rentals.admin.correcting import (
    CorrectionChoice,
    CorrectionForm,
    CorrectionPageMixin,
    correction_text,
)
from bikerental.rentals.admin.ending import EndPageMixin, EndPlaceChoice
from bikerental.rentals.admin.reservations import ReservationAdmin
from bikerental.rentals.admin.rides import ENDED, RentalAdmin

__all__ = [
    "ENDED",
    "CorrectionChoice",
    "CorrectionForm",
    "CorrectionPageMixin",
    "EndPageMixin",
    "EndPlaceChoice",
    "RentalAdmin",
    "ReservationAdmin",
    "correction_text",
]
