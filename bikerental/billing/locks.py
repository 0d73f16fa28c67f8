"""The only row locks of the billing app. Order in the house: user, rental, bike, account."""

from uuid import UUID

from bikerental.billing.models import Account


def account_lock(*, account_id: UUID) -> Account:
    """The account, locked: whoever books by hand sees what the one before booked. One statement.

    Charges do not wait for it; they only add to what is owed.
    """
    return Account.objects.select_for_update(no_key=True, of=("self",)).get(pk=account_id)
