"""The personal data of this app: reasons that operators gave for what they did to a rider."""

from bikerental.console.services import reasons_erase
from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection

EXPORTED: tuple[ExportSection, ...] = ()  # the log is about what operators do


def erase(account: ClosedAccount) -> None:
    reasons_erase(rider_id=account.user_id)
