"""The writes of the ledger."""

from bikerental.billing.services.booking import adjust_ride, book_payment, refund_payment, reverse_entry, write_off_debt
from bikerental.billing.services.charging import charge_rentals
from bikerental.billing.services.debts import require_no_debt

__all__ = [
    "adjust_ride",
    "book_payment",
    "charge_rentals",
    "refund_payment",
    "require_no_debt",
    "reverse_entry",
    "write_off_debt",
]
