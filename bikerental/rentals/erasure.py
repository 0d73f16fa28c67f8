"""The personal data of this app: the rider of each ride. Rides stay, anonymised, until they are too old."""

from bikerental.core.personal_data import ClosedAccount
from bikerental.fleet.types import RIDER
from bikerental.http.export_sections import ExportSection
from bikerental.rentals.api import export
from bikerental.rentals.services import reasons_erase, reservations_end_of_riders

EXPORTED = (
    ExportSection("rentals", export.ExportRentalOutput(many=True), export.rentals),
    ExportSection("reservations", export.ExportReservationOutput(many=True), export.reservations),
)


def erase(account: ClosedAccount) -> None:
    reservations_end_of_riders(rider_ids=[account.user_id], actor=RIDER, now=account.closed_at)
    reasons_erase(rider_id=account.user_id)
