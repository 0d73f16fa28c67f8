"""The refusals of the billing app."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Kind, Refusal


class DebtTooHighError(Refusal):
    kind = Kind.CONFLICT
    code = "debt_too_high"
    detail = _("You owe too much for earlier rides. Pay first.")


class EntryNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "entry_not_found"
    detail = _("There is no such entry.")


class RideNotChargedError(Refusal):
    kind = Kind.CONFLICT
    code = "ride_not_charged"
    detail = _("Nothing has been charged for this ride.")


class EntryReversedError(Refusal):
    kind = Kind.CONFLICT
    code = "entry_reversed"
    detail = _("This entry has been reversed already.")


class ReversalRefusedError(Refusal):
    """Without the entry, the adjustments would exceed the charge, or the refunds the payments."""

    kind = Kind.CONFLICT
    code = "reversal_refused"
    detail = _("This entry has adjustments or refunds. Reverse them first.")


class KeyReusedError(Refusal):
    kind = Kind.REUSED
    code = "key_reused"
    detail = _("Something else was booked with this form. Open it anew.")


class AmountError(FieldRefusal):
    field = "amount"


class AmountInvalidError(AmountError):
    field_code = "invalid"
    field_detail = _("Give an amount above zero, without fractions of the currency's smallest unit.")


class AdjustmentTooHighError(AmountError):
    field_code = "adjustment_too_high"
    field_detail = _("The ride costs less than that by now.")


class RefundTooHighError(AmountError):
    field_code = "refund_too_high"
    field_detail = _("The rider has paid less than that, refunds subtracted.")


class WriteOffTooHighError(AmountError):
    field_code = "writeoff_too_high"
    field_detail = _("The rider owes less than that.")


class ReasonMissingError(FieldRefusal):
    field = "reason"
    field_code = "blank"
    field_detail = _("Say why.")
