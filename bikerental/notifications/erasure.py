"""The personal data of this app: operators' words in messages, which are deleted after a time, and addresses that
refused mail."""

from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection
from bikerental.notifications.api import export
from bikerental.notifications.services import address_erase, operators_words_erase

EXPORTED = (
    ExportSection("refused_address", export.ExportRefusedAddressOutput(allow_null=True), export.refused),
    ExportSection("notifications", export.ExportNotificationOutput(many=True), export.notifications),
)


def erase(account: ClosedAccount) -> None:
    operators_words_erase(recipient_id=account.user_id)
    address_erase(email=account.email, confirmed=account.email_confirmed)
