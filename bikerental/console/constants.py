"""Terms of the console."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

REASON_LENGTH = 500
PAGE_SIZE = 50
IDLE_DAYS = 7
NEAR_METRES = 500  # the surroundings of a bike
UNSETTLED_AFTER = timedelta(minutes=5)  # settling takes seconds
LIST_LENGTH = 200
FOUND_LENGTH = 20
PART_LENGTH_MIN = 3  # a shorter part of a name finds everybody
EVENTS_BEFORE, EVENTS_AFTER = 5, 15  # of a bike, around a ride
# The same ages as in the alerts.
OLD_AFTER = {"beat": timedelta(minutes=5), "backup": timedelta(hours=26)}

# The groups that a migration makes; their names in the table are English.
ROLES = {"viewer": _("viewer"), "technician": _("technician"), "support": _("support"), "manager": _("manager")}


class ActionKind(models.TextChoices):
    """What operators do in the console. A kind stays in the log for good: rename its label, never its value."""

    RIDE_ENDED = "ride_ended", _("ended a ride")
    RIDE_CORRECTED = "ride_corrected", _("corrected the cost of a ride")
    CLAIM_DECIDED = "claim_decided", _("decided a claim")
    PAYMENT_REFUNDED = "payment_refunded", _("refunded a payment")
    RIDER_BLOCKED = "rider_blocked", _("blocked a rider")
    RIDER_UNBLOCKED = "rider_unblocked", _("unblocked a rider")
    ROLES_SET = "roles_set", _("gave a role")
