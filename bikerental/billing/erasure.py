"""The personal data of this app: none of its own. Nothing in the ledger changes; its accounts refer to a user whose
row has no name any more. Nobody has to pay before."""

from bikerental.billing.api import export
from bikerental.billing.api.serializers import EntryOutput
from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection

EXPORTED = (ExportSection("entries", EntryOutput(many=True), export.entries),)


def erase(account: ClosedAccount) -> None:
    """Books are kept, under nobody's name."""
