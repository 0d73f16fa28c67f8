"""Closing and erasing a rider's account, which is refused while the rider is riding.

Each app declares in its `erasure.py` what it erases.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.personal_data import ClosedAccount
from bikerental.core.registry import declared
from bikerental.fleet.types import operator as by_operator
from bikerental.rentals.exceptions import RentalInProgressError
from bikerental.rentals.locks import rental_lock
from bikerental.rentals.models import Rental
from bikerental.rentals.selectors import active_rental_id, is_riding, riders_riding
from bikerental.rentals.services import rental_end_by_operator, reservations_end_of_riders
from bikerental.rentals.types import RideEnd
from bikerental.users.exceptions import AccountClosedError
from bikerental.users.locks import user_lock, users_lock
from bikerental.users.models import User
from bikerental.users.services import accounts_close, password_confirm


def account_erase(*, rider: User, password: str, address: str, now: datetime) -> None:
    """Close the rider's account and erase its personal data. The rides stay, anonymised.

    :raises PasswordWrongError: if it is not the rider's
    :raises ThrottledError: while earlier guesses at the password delay
    :raises RentalInProgressError: if the rider is riding
    """
    password_confirm(user=rider, password=password, field="password", address=address, now=now)
    _erase(rider=rider, now=now)


@unit_of_work
def accounts_close_unless_riding(
    *, user_ids: Collection[UUID], operator_id: UUID, now: datetime
) -> tuple[list[UUID], list[UUID]]:
    """Close the accounts of those who are not riding. Returns the ids of the closed accounts, and of those who are
    riding.

    Locks the users. A ride that starts at the same time locks its rider too.
    """
    users_lock(user_ids=user_ids)
    riding = riders_riding(rider_ids=user_ids)
    closing = [user_id for user_id in user_ids if user_id not in riding]
    return _close(closing, operator_id=operator_id, now=now), riding


@unit_of_work
def account_close_with_ride(*, user_id: UUID, operator: User, end: RideEnd, now: datetime) -> bool:
    """End the rider's ride, which may have ended meanwhile, and close the account. Returns whether the account was
    open.

    Locks the user, then the rental, then the bike.

    :raises EndTimeInvalidError, StationNotFoundError: as `rental_end_by_operator`
    """
    users_lock(user_ids=[user_id])
    rental_id = active_rental_id(rider_id=user_id)
    locked = rental_lock(rental_id=rental_id) if rental_id else None
    if rental_id and locked is not None and locked.rental.status == Rental.Status.ACTIVE:
        rental_end_by_operator(rental_id=rental_id, operator=operator, **end._asdict(), now=now)
    return bool(_close([user_id], operator_id=operator.pk, now=now))


def _close(user_ids: Sequence[UUID], *, operator_id: UUID, now: datetime) -> list[UUID]:
    reservations_end_of_riders(rider_ids=user_ids, actor=by_operator(operator_id), now=now)
    return accounts_close(user_ids=user_ids, now=now)


@unit_of_work
def _erase(*, rider: User, now: datetime) -> None:
    # A ride that starts at the same time locks the rider too, so one of the two comes first.
    user = user_lock(user_id=rider.pk)
    if user is None:
        raise AccountClosedError
    if is_riding(rider_id=user.pk):
        raise RentalInProgressError
    account = ClosedAccount(user.pk, user.email, user.email_confirmed, closed_at=now)
    for erase in _erasures():
        erase(account)


@lru_cache
def _erasures() -> tuple[Callable[[ClosedAccount], None], ...]:
    """The erasures of every app, in the order of INSTALLED_APPS."""
    return tuple(declared("erasure", "erase"))
