"""The writes of the ledger."""

from bikerental.billing.services.booking import debt_write_off, entry_reverse, payment_book, payment_refund, ride_adjust
from bikerental.billing.services.charging import rentals_charge
from bikerental.billing.services.debts import debt_check

__all__ = [
    "debt_check",
    "debt_write_off",
    "entry_reverse",
    "payment_book",
    "payment_refund",
    "rentals_charge",
    "ride_adjust",
]
