"""Terms and limits of the claims app."""

from django.db import models
from django.utils.translation import gettext_lazy as _

TEXT_LENGTH = 2000
FORGET_BATCH = 1000


class ClaimKind(models.TextChoices):
    RETURNED_EARLIER = "returned_earlier", _("returned earlier")
    NOT_UNLOCKED = "not_unlocked", _("not unlocked")
    WRONG_CHARGE = "wrong_charge", _("wrong charge")
    NOT_ME = "not_me", _("not me")
    OTHER = "other", _("other")


class ClaimStatus(models.TextChoices):
    OPEN = "open", _("open")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")
