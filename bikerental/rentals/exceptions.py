"""The refusals of the rentals app."""

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


class ReservationsOffError(Refusal):
    kind = Kind.FORBIDDEN
    code = "reservations_off"
    detail = _("Bikes cannot be reserved here.")


class NoActiveReservationError(Refusal):
    kind = Kind.NOT_FOUND
    code = "no_active_reservation"
    detail = _("You have no bike reserved at the moment.")


class ReservationNotFoundError(Refusal):
    """There is no such reservation, or it is another rider's."""

    kind = Kind.NOT_FOUND
    code = "not_found"
    detail = _("There is no such reservation.")


class ReservationInProgressError(Refusal):
    kind = Kind.CONFLICT
    code = "reservation_in_progress"
    detail = _("You have a bike reserved already. Ride it, or give it up first.")


class ReservationNotActiveError(Refusal):
    kind = Kind.CONFLICT
    code = "reservation_not_active"
    detail = _("This reservation has ended already.")


class ReservationRefusedError(Refusal):
    """The rider has reserved this bike, or too many bikes, without riding."""

    kind = Kind.CONFLICT
    code = "reservation_refused"
    detail = _("You have reserved this bike or too many others without riding them. Wait, or rent it at once.")

    def __init__(self, *, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


class CancelNotAllowedError(Refusal):
    kind = Kind.CONFLICT
    code = "cancel_not_allowed"
    detail = _("This ride can no longer be cancelled. Return the bike; the ride costs what its tariff says.")


class CancelTooLateError(CancelNotAllowedError):
    detail = _("A ride can be cancelled only soon after its start. Return the bike instead.")


class CancelTooOftenError(CancelNotAllowedError):
    detail = _("You have cancelled too many rides in 24 hours. Return the bike instead.")


class RentalNotSettledError(Refusal):
    kind = Kind.CONFLICT
    code = "rental_not_settled"
    detail = _("This ride has no final cost yet. End it first, and decide then.")


class CorrectionChangesNothingError(Refusal):
    kind = Kind.CONFLICT
    code = "correction_changes_nothing"
    detail = _("The ride costs no more than that: there is nothing to take off.")


class CorrectedEndInvalidError(FieldRefusal):
    field = "ended_at"
    field_code = "out_of_range"
    field_detail = _("Give a time between the start of the ride and its recorded end.")


class EndTimeInvalidError(FieldRefusal):
    field = "ended_at"
    field_code = "out_of_range"
    field_detail = _("A ride ends between its start and now.")
