"""The end of a rider's account, which the rides have a word in."""

from datetime import datetime

from bikerental.api.idempotency import idempotency_keys_erase
from bikerental.core.transactions import unit_of_work
from bikerental.fleet.services import reports_forget
from bikerental.notifications.services import address_erase
from bikerental.rentals.exceptions import RentalInProgressError
from bikerental.rentals.selectors import is_riding
from bikerental.rentals.services.forgetting import reasons_erase
from bikerental.users.exceptions import AccountClosedError
from bikerental.users.locks import user_lock
from bikerental.users.models import User
from bikerental.users.services import password_confirm, user_erase


def rider_close(*, rider: User, password: str, address: str, now: datetime) -> None:
    """Erase the rider's personal data; the rides stay, anonymised.

    :raises PasswordWrongError: if it is not the rider's
    :raises ThrottledError: while earlier guesses at the password delay
    :raises RentalInProgressError: while riding
    """
    password_confirm(user=rider, password=password, field="password", address=address, now=now)
    _rider_erase(rider=rider, now=now)


@unit_of_work
def _rider_erase(*, rider: User, now: datetime) -> None:
    # A ride that starts at this moment locks the rider as well: one of the two comes first.
    user = user_lock(user_id=rider.pk)
    if user is None:
        raise AccountClosedError
    if is_riding(rider_id=user.pk):
        raise RentalInProgressError
    address_erase(email=user.email)
    user_erase(user=user, now=now)
    idempotency_keys_erase(rider_id=user.pk)
    reasons_erase(rider_id=user.pk)
    reports_forget(rider_id=user.pk)
