"""The ledger in the admin: read-only, with forms for bookings that need a reason."""

from bikerental.billing.admin.accounts import AccountAdmin
from bikerental.billing.admin.entries import EntryAdmin

__all__ = ["AccountAdmin", "EntryAdmin"]
