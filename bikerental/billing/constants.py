"""The terms of the ledger."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.TextChoices):
    RIDER = "rider", _("rider")
    REVENUE = "revenue", _("revenue")
    GOODWILL = "goodwill", _("goodwill")
    CASH = "cash", _("cash")
    WRITEOFF = "writeoff", _("write-offs")


class EntryKind(models.TextChoices):
    CHARGE = "charge", _("charge")
    PAYMENT = "payment", _("payment")
    ADJUSTMENT = "adjustment", _("adjustment")
    REFUND = "refund", _("refund")
    WRITEOFF = "writeoff", _("write-off")
    REVERSAL = "reversal", _("reversal")


KEY_LENGTH = 100
REASON_LENGTH = 500
REASON_HELP = _("The rider reads it, and it stays for good: no names or addresses here.")
