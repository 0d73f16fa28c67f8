"""The messages about bikes that reports take out of service."""

from django.utils.translation import gettext_lazy as _

from bikerental.notifications.kinds import MessageKind

TAKE_OUTS_PAUSED = MessageKind(
    "take_outs_paused", _("reported bikes that wait, to the operators"), "maintenance/messages", to_operators=True
)
MESSAGES = (TAKE_OUTS_PAUSED,)
