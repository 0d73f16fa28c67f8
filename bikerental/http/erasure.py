"""The personal data of this app: the answers that are kept with idempotency keys.

The export leaves them out: each is kept for a day, and the export has the same data of the ride.
"""

from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection
from bikerental.http.services import idempotency_keys_erase

EXPORTED: tuple[ExportSection, ...] = ()


def erase(account: ClosedAccount) -> None:
    idempotency_keys_erase(rider_id=account.user_id)
