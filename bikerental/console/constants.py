"""Terms of the console."""

from django.db import models
from django.utils.translation import gettext_lazy as _

REASON_LENGTH = 500
PAGE_SIZE = 50

# The groups that a migration makes; their names in the table are English.
ROLES = {"viewer": _("viewer"), "technician": _("technician"), "support": _("support"), "manager": _("manager")}


class ActionKind(models.TextChoices):
    """What operators do in the console. A kind stays in the log for good: rename its label, never its value."""

    ROLES_SET = "roles_set", _("gave a role")
