"""The only row lock of the zones app."""

from bikerental.zones.models import ZoneVersion


def zones_lock() -> None:
    """The number of the last change: nobody else writes a zone until the transaction ends. One statement."""
    list(ZoneVersion.objects.select_for_update().values_list("number"))
