"""Terms of the console."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

REASON_LENGTH = 500
IDLE_DAYS = 7
NEAR_METRES = 500  # the surroundings of a bike
UNSETTLED_AFTER = timedelta(minutes=5)  # settling takes seconds
LIST_LENGTH = 200
FOUND_LENGTH = 20
EVENTS_BEFORE, EVENTS_AFTER = 5, 15  # of a bike, around a ride
# A heartbeat is old after this time. The alerts have the same ages.
OLD_AFTER = {"beat": timedelta(minutes=5), "backup": timedelta(hours=26)}
# Limits of the service's page, the same as in the alerts. Only the disk is marked earlier: its alert fires at 0.1.
QUEUE_SECONDS = 120
ERRORS_SHARE = 0.02
SLOW_SECONDS = 1.0
CONNECTIONS_SHARE = 0.8
DISK_SHARE = 0.15
CERTIFICATE_DAYS = 14

# The groups that a migration makes; their names in the table are English.
ROLES = {"viewer": _("viewer"), "technician": _("technician"), "support": _("support"), "manager": _("manager")}


class ActionKind(models.TextChoices):
    """What operators do here and in the admin. A kind stays in the log for good: rename its label, never its value."""

    RIDE_ENDED = "ride_ended", _("ended a ride")
    RIDE_CORRECTED = "ride_corrected", _("corrected the cost of a ride")
    CLAIM_DECIDED = "claim_decided", _("decided a claim")
    PAYMENT_REFUNDED = "payment_refunded", _("refunded a payment")
    RIDER_BLOCKED = "rider_blocked", _("blocked a rider")
    RIDER_UNBLOCKED = "rider_unblocked", _("unblocked a rider")
    BIKE_OUT = "bike_out", _("took a bike out of service")
    BIKE_BACK = "bike_back", _("put a bike back into service")
    BIKE_RETIRED = "bike_retired", _("retired a bike")
    BIKE_MOVED = "bike_moved", _("moved a bike")
    STATION_ADDED = "station_added", _("added a station")
    STATION_CHANGED = "station_changed", _("changed a station")
    ZONE_ADDED = "zone_added", _("drew a zone")
    ZONE_CHANGED = "zone_changed", _("changed a zone")
    ROLES_SET = "roles_set", _("gave a role")
    # In the admin.
    BIKE_PICKED_UP = "bike_picked_up", _("picked up a bike")
    BIKE_DROPPED_OFF = "bike_dropped_off", _("dropped off a bike")
    TARIFF_SET = "tariff_set", _("set the tariff of a bike")
    REPORT_CLOSED = "report_closed", _("closed a report")
    RESERVATION_ENDED = "reservation_ended", _("ended a reservation")
    ENTRY_BOOKED = "entry_booked", _("booked an entry of the ledger")
    SESSIONS_ENDED = "sessions_ended", _("ended all sessions")
    ADMIN_ADDED = "admin_added", _("added in the admin")
    ADMIN_CHANGED = "admin_changed", _("changed in the admin")
    ADMIN_DELETED = "admin_deleted", _("deleted in the admin")
    ADMIN_ACTED = "admin_acted", _("acted in the admin")
    FLEET_LOADED = "fleet_loaded", _("loaded bikes and stations from files")


# The map gets degrees as whole numbers of these parts. One part is about a metre.
DEGREE_PARTS = 100_000
MAP_REFRESH_SECONDS = 5
MAP_WHOLE_AFTER_SECONDS = 600  # so that the days that bikes have stood stay right
MAP_EVENTS_MAX = 20_000  # since the mark; after more of them all bikes are sent
# An event that was written earlier may become visible later: its transaction was still open.
MAP_OVERLAP = timedelta(seconds=60)

# Of the figures. They are kept each hour.
FIGURES_LATE_AFTER = timedelta(hours=2)
STATIONS_SHOWN, MATRIX_LENGTH = 20, 10
# Of files. A city of 10,000 bikes is about 1 MB.
FILE_BYTES_MAX = 3 * 1024 * 1024  # two of them pass the proxy
FILE_LINES_MAX = 20_000
FAULTS_SHOWN = 100
FILE_KEPT_SECONDS = 3600  # how long a checked file waits to be written
STATION_COLUMNS = ("id", "name", "latitude", "longitude", "capacity", "is_renting", "is_returning")
BIKE_COLUMNS = ("number", "model", "tariff", "station", "latitude", "longitude", "status")
EXPORT_LINES_MAX = 100_000
IDLE_FILE_LENGTH = 5_000  # each line needs the rides of the bikes around
CODES_MAX, CODES_OF_SHEET = 240, 12
