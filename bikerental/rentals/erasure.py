"""The personal data of this app: who rode. Rides stay, anonymised, until their time is over."""

from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection
from bikerental.rentals.api import export
from bikerental.rentals.services import reasons_erase

EXPORTED = (ExportSection("rentals", export.ExportRentalOutput(many=True), export.rentals),)


def erase(account: ClosedAccount) -> None:
    reasons_erase(rider_id=account.user_id)
