"""The messages about rides."""

from django.utils.translation import gettext_lazy as _

from bikerental.notifications.kinds import MessageKind

TEMPLATES = "rentals/messages"

RECEIPT = MessageKind("receipt", _("receipt"), TEMPLATES, has_html=True, may_be_sent_again=True)
OVERDUE_RIDER = MessageKind("overdue_rider", _("overdue, to the rider"), TEMPLATES)
OVERDUE_OPERATORS = MessageKind("overdue_operators", _("overdue, to the operators"), TEMPLATES, to_operators=True)
RESERVATION_TAKEN_AWAY = MessageKind("reservation_taken_away", _("reservation taken away"), TEMPLATES)
RIDE_ADJUSTED = MessageKind("ride_adjusted", _("a ride costs less, to the rider"), TEMPLATES)
RIDE_ENDED = MessageKind("ride_ended", _("a ride was ended, to the rider"), TEMPLATES)
MESSAGES = (RECEIPT, OVERDUE_RIDER, OVERDUE_OPERATORS, RESERVATION_TAKEN_AWAY, RIDE_ADJUSTED, RIDE_ENDED)
