"""The row lock of the maintenance app. The overview (docs/architecture/overview.md) has the order of locks."""

from bikerental.maintenance.models import TakeOutLimit


def take_out_limit_lock() -> TakeOutLimit:
    """The one row, locked. Lock it after the bikes. One statement, the first time three."""
    limits = TakeOutLimit.objects.select_for_update(no_key=True)
    if (limit := limits.first()) is None:
        TakeOutLimit.objects.bulk_create([TakeOutLimit()], ignore_conflicts=True)
        limit = limits.get()
    return limit
