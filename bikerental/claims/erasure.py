"""The personal data of this app: what riders wrote about their rides."""

from bikerental.claims.api import export
from bikerental.claims.services import claims_erase
from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection

EXPORTED = (ExportSection("claims", export.ExportClaimOutput(many=True), export.claims),)


def erase(account: ClosedAccount) -> None:
    claims_erase(rider_id=account.user_id)
