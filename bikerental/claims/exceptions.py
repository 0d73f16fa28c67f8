"""The refusals of the claims app."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Kind, Refusal


class ClaimNotFoundError(Refusal):
    """There is no such claim, or it is another rider's."""

    kind = Kind.NOT_FOUND
    code = "claim_not_found"
    detail = _("There is no such claim.")


class ClaimInProgressError(Refusal):
    kind = Kind.CONFLICT
    code = "claim_in_progress"
    detail = _("There is an open claim about this ride already. Wait until it is decided.")


class ClaimTooLateError(Refusal):
    kind = Kind.CONFLICT
    code = "claim_too_late"
    detail = _("This ride ended too long ago to claim anything.")


class ClaimDecidedError(Refusal):
    kind = Kind.CONFLICT
    code = "claim_decided"
    detail = _("This claim has been decided already. Nothing was changed.")


class ClaimedEndInvalidError(FieldRefusal):
    field = "ended_at"
    field_code = "out_of_range"
    field_detail = _("Give a time between the start of the ride and now.")
