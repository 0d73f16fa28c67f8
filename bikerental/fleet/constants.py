"""Words and limits of the fleet app."""

from django.db import models
from django.utils.translation import gettext_lazy as _

NEAR_RADIUS_MAX_M = 10_000
PHOTO_BYTES_MAX = 5 * 1024 * 1024
PHOTO_PIXELS_MAX = 40_000_000


class Propulsion(models.TextChoices):
    """The words of GBFS."""

    HUMAN = "human", _("human")
    ELECTRIC_ASSIST = "electric_assist", _("electric assist")
    ELECTRIC = "electric", _("electric")


class BikeStatus(models.TextChoices):
    AVAILABLE = "available", _("available")
    RENTED = "rented", _("rented")
    RESERVED = "reserved", _("reserved")
    MAINTENANCE = "maintenance", _("maintenance")
