"""Terms and limits of the zones app."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# Each process keeps the active zones in memory, 16 bytes a point, and their response, 25 bytes a point.
POINTS_MAX = 5_000  # of one zone
SHAPE_BYTES_MAX = 256 * 1024  # of one zone's GeoJSON, as entered and as stored
ACTIVE_MAX = 1_000
ACTIVE_POINTS_MAX = 1_000_000
DIGITS = 7  # decimal places of a coordinate: a centimetre


class ZoneKind(models.TextChoices):
    SERVICE_AREA = "service_area", _("service area")
    NO_RETURN = "no_return", _("no return")


class ReturnReason(models.TextChoices):
    """Why a ride may not end at a position."""

    OUTSIDE_SERVICE_AREA = "outside_service_area"
    NO_RETURN_ZONE = "no_return_zone"
