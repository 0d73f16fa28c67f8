"""This app has no personal data of its own.

Nothing in the ledger changes: its accounts refer to a user whose row has no name any more. A rider with debts can
erase the account too.
"""

from bikerental.billing.api import export
from bikerental.billing.api.serializers import EntryOutput
from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection

EXPORTED = (ExportSection("entries", EntryOutput(many=True), export.entries),)


def erase(account: ClosedAccount) -> None:
    """Nothing: the ledger stays, without a name."""
