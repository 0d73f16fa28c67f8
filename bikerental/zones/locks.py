"""The row lock of the zones app."""

from bikerental.zones.models import ZoneVersion


def zones_lock() -> None:
    """Lock the number of the last change, so that no other transaction writes a zone. One statement."""
    list(ZoneVersion.objects.select_for_update().values_list("number"))
