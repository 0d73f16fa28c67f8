"""The ledger for operators: everything to read; what they do to it is booked by forms, with a reason."""

from bikerental.billing.admin.accounts import AccountAdmin
from bikerental.billing.admin.entries import EntryAdmin

__all__ = ["AccountAdmin", "EntryAdmin"]
