"""The message about a claim."""

from django.utils.translation import gettext_lazy as _

from bikerental.notifications.kinds import MessageKind

CLAIM_DECIDED = MessageKind("claim_decided", _("a claim was decided"), "claims/messages")
MESSAGES = (CLAIM_DECIDED,)
