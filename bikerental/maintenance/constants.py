"""Terms and limits of the maintenance app."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

# Of one uploader in an hour: forms, and checks of uploaded photos. An operator photographs the whole fleet.
REPORT_FORMS_PER_HOUR, BIKE_FORMS_PER_HOUR = 30, 600
CHECKS_PER_FORM = 2
# Longer than a check with all its timeouts. After that its process has died.
CHECK_LEASE = timedelta(minutes=1)
REFUSED_KEPT_FOR = timedelta(days=1)
# A claim outlives the hard time limit of the task that made it.
PUBLISH_LEASE = timedelta(minutes=2)
PUBLISH_ATTEMPTS_MAX = 5
STORAGE_RETRY = timedelta(minutes=1)
PUBLISH_SWEEP_BATCH = 20
# After this time a batch starts no further photo, and the sweep of orphans stops too.
PUBLISH_SECONDS = 20.0
# Longer than the validity of a URL signed before the last reference went, and of any upload or claim.
ORPHAN_AGE = timedelta(hours=2)
# Folders in S3. Nothing outside them is read, written or deleted.
UPLOADS, REPORT_PHOTOS = "uploads/", "reports/"

# This many riders with an open report of a grave kind take a bike out of service.
GRAVE_RIDERS = 2
# Reports take at most this many bikes out of service within this time. Then the others wait for an operator.
TAKE_OUT_WINDOW = timedelta(hours=1)
TAKE_OUT_PERCENT, TAKE_OUTS_MIN = 5, 10
SWEEP_BATCH = 500
OPEN_REPORTS_MAX = 20  # of one rider
REPORT_TEXT_MAX = 1000


class ReportKind(models.TextChoices):
    BRAKES = "brakes", _("brakes")
    STEERING = "steering", _("steering")
    FRAME = "frame", _("frame")
    WHEEL = "wheel", _("wheel")
    TYRE = "tyre", _("tyre")
    CHAIN = "chain", _("chain")
    LIGHTS = "lights", _("lights")
    SADDLE = "saddle", _("saddle")
    LOCK = "lock", _("lock")
    OTHER = "other", _("other")


# With these the rider may fall.
GRAVE_KINDS = (ReportKind.BRAKES, ReportKind.STEERING, ReportKind.FRAME, ReportKind.WHEEL)


class ReportState(models.TextChoices):
    OPEN = "open", _("open")
    RESOLVED = "resolved", _("resolved")
    DISMISSED = "dismissed", _("dismissed")


class UploadState(models.TextChoices):
    """`confirmed` is the outbox: the photo still has to be published."""

    PENDING = "pending", _("pending")
    CONFIRMED = "confirmed", _("confirmed")
    PUBLISHED = "published", _("published")
    REFUSED = "refused", _("refused")
