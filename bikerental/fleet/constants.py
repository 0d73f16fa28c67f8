"""Terms and limits of the fleet app."""

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

NEAR_RADIUS_MAX_M = 10_000

# Bounds of a tariff. A ride of 366 days has 527,040 minutes, so it costs at most 2 x 1,000,000 + 527,040 x 100,000 =
# 52,706,000,000. A rental's cost holds up to 999,999,999,999.99, which is 18 such years.
TARIFF_MINUTES_MAX = 366 * 24 * 60
UNLOCK_FEE_MAX = 1_000_000
PER_MINUTE_MAX = 100_000
DAILY_CAP_MAX = 10_000_000
OUT_OF_AREA_FEE_MAX = 1_000_000

# The range of a bike with a full battery.
RANGE_MIN_M, RANGE_DEFAULT_M, RANGE_MAX_M = 1_000, 50_000, 1_000_000

BIKE_PHOTOS = "bikes/"  # their folder in the storage


class Propulsion(models.TextChoices):
    """The terms of GBFS."""

    HUMAN = "human", _("human")
    ELECTRIC_ASSIST = "electric_assist", _("electric assist")
    ELECTRIC = "electric", _("electric")


class BikeStatus(models.TextChoices):
    AVAILABLE = "available", _("available")
    RENTED = "rented", _("rented")
    RESERVED = "reserved", _("reserved")
    MAINTENANCE = "maintenance", _("maintenance")
    RETIRED = "retired", _("retired")


class EventType(models.TextChoices):
    """The events of a bike, in the terms of MDS 2.0's micromobility mode."""

    RESERVATION_START = "reservation_start", _("reserved")
    RESERVATION_CANCEL = "reservation_cancel", _("reservation ended")
    TRIP_START = "trip_start", _("ride began")
    TRIP_END = "trip_end", _("ride ended")
    TRIP_CANCEL = "trip_cancel", _("ride cancelled")
    MAINTENANCE = "maintenance", _("maintenance")
    REBALANCE_PICK_UP = "rebalance_pick_up", _("picked up")
    PROVIDER_DROP_OFF = "provider_drop_off", _("dropped off")
    DECOMMISSIONED = "decommissioned", _("decommissioned")


class ActorKind(models.TextChoices):
    RIDER = "rider", _("rider")
    OPERATOR = "operator", _("operator")
    SYSTEM = "system", _("system")


class Transition(NamedTuple):
    """A row of the table of states: from which states, by what event, to which state, and who may do it."""

    origins: tuple[BikeStatus, ...]
    event_types: tuple[EventType, ...]
    state: BikeStatus
    actors: tuple[ActorKind, ...]


_RIDER, _OPERATOR, _SYSTEM = ActorKind.RIDER, ActorKind.OPERATOR, ActorKind.SYSTEM
_AVAILABLE, _RESERVED, _RENTED = BikeStatus.AVAILABLE, BikeStatus.RESERVED, BikeStatus.RENTED
_MAINTENANCE, _RETIRED = BikeStatus.MAINTENANCE, BikeStatus.RETIRED


class Transitions:
    """All moves of a bike from one state to another. `fleet.services.moving` makes them, and a trigger of the database
    refuses any other pair of states."""

    RESERVE = Transition((_AVAILABLE,), (EventType.RESERVATION_START,), _RESERVED, (_RIDER,))
    RELEASE = Transition((_RESERVED,), (EventType.RESERVATION_CANCEL,), _AVAILABLE, (_RIDER, _SYSTEM, _OPERATOR))
    TAKE = Transition((_AVAILABLE, _RESERVED), (EventType.TRIP_START,), _RENTED, (_RIDER,))
    LEAVE = Transition((_RENTED,), (EventType.TRIP_END,), _AVAILABLE, (_RIDER, _OPERATOR))
    CANCEL = Transition((_RENTED,), (EventType.TRIP_CANCEL,), _AVAILABLE, (_RIDER,))
    LEAVE_BROKEN = Transition(
        (_RENTED,), (EventType.TRIP_END, EventType.MAINTENANCE), _MAINTENANCE, (_RIDER, _OPERATOR)
    )
    SEND_TO_MAINTENANCE = Transition(
        (_AVAILABLE, _RESERVED), (EventType.MAINTENANCE,), _MAINTENANCE, (_OPERATOR, _SYSTEM)
    )
    RETURN_TO_SERVICE = Transition((_MAINTENANCE,), (EventType.MAINTENANCE,), _AVAILABLE, (_OPERATOR,))
    PICK_UP = Transition((_AVAILABLE, _MAINTENANCE), (EventType.REBALANCE_PICK_UP,), _MAINTENANCE, (_OPERATOR,))
    DROP_OFF = Transition(
        (_AVAILABLE, _MAINTENANCE, _RETIRED), (EventType.PROVIDER_DROP_OFF,), _AVAILABLE, (_OPERATOR,)
    )
    DECOMMISSION = Transition((_AVAILABLE, _MAINTENANCE), (EventType.DECOMMISSIONED,), _RETIRED, (_OPERATOR,))


TRANSITIONS = tuple(value for value in vars(Transitions).values() if isinstance(value, Transition))

# The event of the log's first row, for a bike that is older than the log.
FIRST_EVENT_TYPES = {
    _AVAILABLE: (EventType.PROVIDER_DROP_OFF,),
    _RESERVED: (EventType.RESERVATION_START,),
    _RENTED: (EventType.TRIP_START,),
    _MAINTENANCE: (EventType.MAINTENANCE,),
    _RETIRED: (EventType.DECOMMISSIONED,),
}
