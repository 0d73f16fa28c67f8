from django.apps import AppConfig


class RentalsConfig(AppConfig):
    name = "bikerental.rentals"

    def ready(self) -> None:
        from bikerental.api.metrics import register_gauges
        from bikerental.rentals.reconciliation import reconcile_counts
        from bikerental.rentals.selectors import rental_counts

        register_gauges(
            "rentals", lambda: {f"bikerental_rentals_{name}": float(count) for name, count in rental_counts().items()}
        )
        register_gauges("reconcile", reconcile_counts)
