"""The periodic tasks of this app."""

from bikerental.core.work.schedule import Periodic

SCHEDULE = (
    Periodic("check-overdue-rentals", "bikerental.rentals.tasks.check_overdue_rentals", seconds=60, expires=60),
    Periodic("sweep-returned-rentals", "bikerental.rentals.tasks.sweep_returned_rentals", seconds=30, expires=30),
    Periodic("charge-settled-rentals", "bikerental.rentals.tasks.charge_settled_rentals", seconds=300, expires=300),
    # Lists show a bike 15 s after its hold ran out at the latest: what a run takes, and a wait for a worker, are in it.
    Periodic("expire-reservations", "bikerental.rentals.tasks.expire_reservations", seconds=10, expires=10),
    Periodic("reconcile-rentals", "bikerental.rentals.tasks.reconcile_rentals", seconds=300, expires=300),
    Periodic("forget-rentals", "bikerental.rentals.tasks.forget_rentals", seconds=3600, expires=3600),
)
