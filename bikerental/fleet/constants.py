"""Words and limits of the fleet app."""

from django.db import models
from django.utils.translation import gettext_lazy as _

NEAR_RADIUS_MAX_M = 10_000

# Bounds of a tariff. A ride of 366 days has 527,040 minutes. It costs at most
# 1,000,000 + 527,040 x 100,000 = 52,705,000,000; a rental's cost holds 999,999,999,999.99, 18 such years.
TARIFF_MINUTES_MAX = 366 * 24 * 60
UNLOCK_FEE_MAX = 1_000_000
PER_MINUTE_MAX = 100_000
DAILY_CAP_MAX = 10_000_000

BIKE_PHOTOS = "bikes/"  # where the storage keeps them


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
