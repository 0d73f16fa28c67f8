"""The row lock of the billing app. The overview (docs/architecture/overview.md) has the order of locks."""

from uuid import UUID

from bikerental.billing.models import Account


def account_lock(*, account_id: UUID) -> Account:
    """The account, locked, so that each manual booking sees the ones before it. One statement.

    Charges do not wait for it, because they only increase the debt.
    """
    return Account.objects.select_for_update(no_key=True, of=("self",)).get(pk=account_id)
