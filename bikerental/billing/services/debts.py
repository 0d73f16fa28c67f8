"""Refuses to rent to riders who owe too much."""

from uuid import UUID

from django.conf import settings

from bikerental.billing.exceptions import DebtTooHighError
from bikerental.billing.selectors import balances_of_rider, may_rent


def debt_check(*, rider_id: UUID) -> None:
    """Check that the rider may rent with the debts of earlier rides. One statement; none if DEBT_LIMIT is empty.

    :raises DebtTooHighError: if the rider owes more than DEBT_LIMIT in any currency, without rides in dispute
    """
    if settings.DEBT_LIMIT is not None and not may_rent(balances_of_rider(rider_id=rider_id)):
        raise DebtTooHighError
