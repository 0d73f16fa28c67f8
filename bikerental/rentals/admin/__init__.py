"""The admin's pages of rides and reservations: reading them, ending a ride, and correcting its cost."""

from bikerental.rentals.admin.correcting import CorrectionForm, CorrectsRides, correction_text
from bikerental.rentals.admin.ending import EndsRides
from bikerental.rentals.admin.reservations import ReservationAdmin
from bikerental.rentals.admin.rides import ENDED, RentalAdmin

__all__ = [
    "ENDED",
    "CorrectionForm",
    "CorrectsRides",
    "EndsRides",
    "RentalAdmin",
    "ReservationAdmin",
    "correction_text",
]
