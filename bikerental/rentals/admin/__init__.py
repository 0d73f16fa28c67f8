"""The admin's pages of rides and reservations: reading them, ending a ride, and correcting its cost."""

from bikerental.rentals.admin.correcting import CorrectionForm, CorrectionPageMixin, correction_text
from bikerental.rentals.admin.ending import EndPageMixin
from bikerental.rentals.admin.reservations import ReservationAdmin
from bikerental.rentals.admin.rides import ENDED, RentalAdmin

__all__ = [
    "ENDED",
    "CorrectionForm",
    "CorrectionPageMixin",
    "EndPageMixin",
    "RentalAdmin",
    "ReservationAdmin",
    "correction_text",
]
