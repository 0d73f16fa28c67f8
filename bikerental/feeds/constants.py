"""Terms and limits of the feeds app."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

BUILD_SECONDS = 5  # beat starts a build this often
# A build that comes sooner than this after another one does nothing.
BUILD_APART = timedelta(seconds=BUILD_SECONDS - 1)
# A web process builds if the feed is older than this: then beat, the broker or the worker has failed.
BUILD_LATE = timedelta(seconds=BUILD_SECONDS + 2)
STATUS_TTL = 10  # seconds; of the files that each ride changes
OTHER_TTL = 60
PREFIX = "/gbfs/"

# How a web process refreshes its copy of the feed.
CHECK_SECONDS = 1.0  # a copy counts as current for this time after it was checked
WAIT_SECONDS = 2.0  # the most that a request waits for a check
IDLE_SECONDS = 5.0  # after this time without a request, the thread and its connection end
BUILDING_SECONDS = 3.0  # while a process builds, its copy counts as current for this time more

# What operators write.
NAME_LENGTH = 100
TEXT_LENGTH = 2_000  # the description of an alert
URL_LENGTH = 500
TEXTS_BYTES_MAX = 64 * 1024  # of one text in all languages
LANGUAGES_MAX = 10  # GBFS 2.3 has a set of files for each
TIMES_FROM = "2015-12-15T05:00:00Z"  # the schemas of GBFS 2.3 refuse earlier times


class AlertType(models.TextChoices):
    """The names are those of GBFS."""

    SYSTEM_CLOSURE = "system_closure", _("system closed")
    STATION_CLOSURE = "station_closure", _("stations closed")
    STATION_MOVE = "station_move", _("stations moved")
    OTHER = "other", _("other")
