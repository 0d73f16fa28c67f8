from bikerental.rentals.services.adjusting import (
    adjustment_context,
    rental_adjust,
    rental_correct,
    rental_cost_corrected,
)
from bikerental.rentals.services.cancelling import rental_cancel
from bikerental.rentals.services.charging import rentals_charge_left_over
from bikerental.rentals.services.forgetting import reasons_erase, rentals_forget
from bikerental.rentals.services.overdue import rentals_check_overdue
from bikerental.rentals.services.reconciling import rentals_reconcile
from bikerental.rentals.services.reports import rider_report
from bikerental.rentals.services.reservations import (
    reservation_cancel,
    reservation_start,
    reservations_end_by_operator,
    reservations_end_of_riders,
    reservations_expire,
    reservations_purge,
)
from bikerental.rentals.services.rides import rental_end_by_claim, rental_end_by_operator, rental_return, rental_start
from bikerental.rentals.services.settling import rentals_settle, rentals_settle_left_over

__all__ = [
    "adjustment_context",
    "reasons_erase",
    "rental_adjust",
    "rental_cancel",
    "rental_correct",
    "rental_cost_corrected",
    "rental_end_by_claim",
    "rental_end_by_operator",
    "rental_return",
    "rental_start",
    "rentals_charge_left_over",
    "rentals_check_overdue",
    "rentals_forget",
    "rentals_reconcile",
    "rentals_settle",
    "rentals_settle_left_over",
    "reservation_cancel",
    "reservation_start",
    "reservations_end_by_operator",
    "reservations_end_of_riders",
    "reservations_expire",
    "reservations_purge",
    "rider_report",
]
