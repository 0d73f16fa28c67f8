"""The personal data of this app: riders' reports and photos."""

from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection
from bikerental.maintenance.api import export
from bikerental.maintenance.services import reports_forget

EXPORTED = (
    ExportSection("reports", export.ExportReportOutput(many=True), export.reports),
    ExportSection("uploads", export.ExportUploadOutput(many=True), export.uploads),
)


def erase(account: ClosedAccount) -> None:
    reports_forget(rider_id=account.user_id)
