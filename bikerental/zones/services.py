"""The writes of the zones app."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from bikerental.core.db.transactions import unit_of_work
from bikerental.zones.constants import ACTIVE_MAX, ACTIVE_POINTS_MAX
from bikerental.zones.exceptions import TooManyZonesError, ZoneChangedError
from bikerental.zones.locks import zones_lock
from bikerental.zones.models import Zone


@unit_of_work
def zone_limits_check(*, zone_id: UUID, points: int) -> None:
    """Refuse a zone that would exceed the limits of active zones, which bound each process's memory.

    Locks the zones until the transaction ends. A caller that writes the zone in the same transaction is safe from
    others.

    :param zone_id: the zone that is to be active, which does not count with its present points
    :param points: the number of points that it is to have
    :raises TooManyZonesError: if it would exceed a limit
    """
    zones_lock()
    others = Zone.objects.filter(is_active=True).exclude(pk=zone_id)
    active = others.aggregate(count=Count("pk"), points=Coalesce(Sum("points"), 0))
    if active["count"] + 1 > ACTIVE_MAX or active["points"] + points > ACTIVE_POINTS_MAX:
        raise TooManyZonesError


@unit_of_work
def zone_add(*, zone: Zone) -> None:
    """:raises TooManyZonesError: if it is active and would exceed a limit"""
    if zone.is_active:
        zone_limits_check(zone_id=zone.pk, points=zone.points)
    zone.save(force_insert=True)


@unit_of_work
def zone_redraw(*, zone: Zone, fields: Collection[str], revision: int) -> None:
    """Write the fields that an operator changed, if the zone still has the revision that the operator saw.

    Locks the zones.

    :raises ZoneChangedError: if it has another revision
    :raises TooManyZonesError: if it is to be active and would exceed a limit
    """
    zones_lock()
    if not Zone.objects.filter(pk=zone.pk, revision=revision).exists():
        raise ZoneChangedError
    if zone.is_active:
        zone_limits_check(zone_id=zone.pk, points=zone.points)
    zone_edit(zone=zone, fields=fields)


@unit_of_work
def zone_edit(*, zone: Zone, fields: Collection[str]) -> None:
    """Write only the fields that an operator changed."""
    zone.save(update_fields=fields)
