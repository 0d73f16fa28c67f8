"""Who owes too much to rent."""

from uuid import UUID

from django.conf import settings

from bikerental.billing.exceptions import DebtTooHighError
from bikerental.billing.selectors import balances_of_rider, may_rent


def require_no_debt(*, rider_id: UUID) -> None:
    """One statement; none where DEBT_LIMIT is empty.

    :raises DebtTooHighError: if the rider owes more than DEBT_LIMIT in a currency, rides in dispute not counted
    """
    if settings.DEBT_LIMIT is not None and not may_rent(balances_of_rider(rider_id=rider_id)):
        raise DebtTooHighError
