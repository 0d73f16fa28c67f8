"""What the rentals app refuses."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Kind, Refusal


class RentalNotFoundError(Refusal):
    """There is no such rental, or it is another rider's."""

    kind = Kind.NOT_FOUND
    code = "not_found"
    detail = _("There is no such rental.")


class NoActiveRentalError(Refusal):
    kind = Kind.NOT_FOUND
    code = "no_active_rental"
    detail = _("You are not riding at the moment.")


class RentalInProgressError(Refusal):
    kind = Kind.CONFLICT
    code = "rental_in_progress"
    detail = _("You are riding already. Return that bike first.")


class RentalNotActiveError(Refusal):
    kind = Kind.CONFLICT
    code = "rental_not_active"
    detail = _("This ride has ended already.")


class EndTimeInvalidError(FieldRefusal):
    field = "ended_at"
    field_code = "out_of_range"
    field_detail = _("A ride ends between its start and now.")
