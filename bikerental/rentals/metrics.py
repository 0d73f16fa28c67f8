from bikerental.observe.prometheus import Source
from bikerental.rentals.reconciliation import reconcile_counts
from bikerental.rentals.selectors import rental_counts, reservation_counts

METRICS = (
    Source("rentals", lambda: {f"bikerental_rentals_{name}": float(count) for name, count in rental_counts().items()}),
    Source(
        "reservations",
        lambda: {f"bikerental_reservations_{name}": float(count) for name, count in reservation_counts().items()},
    ),
    Source("reconcile", reconcile_counts),
)
