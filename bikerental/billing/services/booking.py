"""Manual bookings: payments, adjustments, refunds, write-offs, and reversals of any entry.

Each locks the rider's account and books once for each key. The database refuses wrong bookings; this module turns its
errors into named refusals.
"""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection

from bikerental.billing.constants import AccountKind, EntryKind
from bikerental.billing.exceptions import (
    AdjustmentTooHighError,
    AmountInvalidError,
    EntryNotFoundError,
    EntryReversedError,
    KeyReusedError,
    ReasonMissingError,
    RefundTooHighError,
    ReversalRefusedError,
    RideNotChargedError,
    WriteOffTooHighError,
)
from bikerental.billing.locks import account_lock
from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.selectors import account_charged, balance_of_account, entry_of_key, posting_of_rider
from bikerental.billing.types import Booking
from bikerental.core.db.transactions import constraint_name, unit_of_work
from bikerental.core.errors import Refusal
from bikerental.core.identifiers import uuid7
from bikerental.core.money import WHOLE_CURRENCIES

_CENT, _WHOLE = Decimal("0.01"), Decimal(1)
_REFUSALS: dict[str | None, type[Refusal]] = {
    "entry_adjusts_no_more_than_charged": AdjustmentTooHighError,
    "entry_refunds_no_more_than_paid": RefundTooHighError,
    "entry_reversed_once": EntryReversedError,
    "entry_key_unique": KeyReusedError,
}


class _Draft(NamedTuple):
    """A new entry: `amount` goes to the rider's account, and its negative to the other one."""

    kind: EntryKind
    account: Account
    amount: Decimal
    counterpart: Account
    rental_id: UUID | None = None
    claim_id: UUID | None = None
    reverses_id: UUID | None = None


@unit_of_work
def payment_book(*, account_id: UUID, amount: Decimal, booking: Booking) -> Entry:
    """The rider paid, in cash or by transfer. The amount may exceed the debt.

    :raises AmountInvalidError, ReasonMissingError, KeyReusedError: as for every booking
    """
    account = account_lock(account_id=account_id)
    return _book(_draft(EntryKind.PAYMENT, account, amount, AccountKind.CASH), booking)


@unit_of_work
def payment_refund(*, account_id: UUID, amount: Decimal, booking: Booking) -> Entry:
    """Pay an earlier payment back to the rider.

    :raises RefundTooHighError: if the rider has paid less, minus earlier refunds
    """
    account = account_lock(account_id=account_id)
    return _book(_draft(EntryKind.REFUND, account, amount, AccountKind.CASH), booking)


@unit_of_work
def debt_write_off(*, account_id: UUID, amount: Decimal, booking: Booking) -> Entry:
    """Write off a debt that the rider will not pay.

    :raises WriteOffTooHighError: if the rider owes less
    """
    account = account_lock(account_id=account_id)
    draft = _draft(EntryKind.WRITEOFF, account, amount, AccountKind.WRITEOFF)
    if amount > balance_of_account(account_id=account_id) and not _booked(draft, booking):
        raise WriteOffTooHighError
    return _book(draft, booking)


@unit_of_work
def ride_adjust(*, rental_id: UUID, amount: Decimal, booking: Booking, claim_id: UUID | None = None) -> Entry:
    """Reduce the rider's debt for a ride.

    :raises RideNotChargedError: if the ride has no charge, because it is free or not settled yet
    :raises AdjustmentTooHighError: if the ride now costs less
    """
    account_id = account_charged(rental_id=rental_id)
    if account_id is None:
        raise RideNotChargedError
    account = account_lock(account_id=account_id)
    draft = _draft(EntryKind.ADJUSTMENT, account, amount, AccountKind.GOODWILL)
    return _book(draft._replace(rental_id=rental_id, claim_id=claim_id), booking)


@unit_of_work
def entry_reverse(*, entry_id: UUID, booking: Booking) -> Entry:
    """Undo an entry by its opposite, which can be reversed in turn.

    :raises EntryNotFoundError: if there is none
    :raises EntryReversedError: if it has been reversed before
    :raises ReversalRefusedError: if adjustments or refunds depend on it
    """
    posting = posting_of_rider(entry_id=entry_id)
    if posting is None:
        raise EntryNotFoundError
    account = account_lock(account_id=posting.account_id)
    reversed_entry = posting.entry
    counterpart = Account.objects.exclude(pk=account.pk).get(postings__entry=entry_id)
    draft = _Draft(
        EntryKind.REVERSAL, account, -posting.amount, counterpart,
        reversed_entry.rental_id, reversed_entry.claim_id, entry_id,
    )  # fmt: skip
    try:
        return _book(draft, booking)
    except (AdjustmentTooHighError, RefundTooHighError) as error:
        raise ReversalRefusedError from error


def _draft(kind: EntryKind, account: Account, amount: Decimal, counterpart: AccountKind) -> _Draft:
    """:raises AmountInvalidError: unless the amount is positive and payable in the currency"""
    unit = _WHOLE if account.currency in WHOLE_CURRENCIES else _CENT
    if amount <= 0 or amount % unit:
        raise AmountInvalidError
    other, _is_new = Account.objects.get_or_create(kind=counterpart, currency=account.currency)
    return _Draft(kind, account, amount if kind == EntryKind.REFUND else -amount, other)


def _book(draft: _Draft, booking: Booking) -> Entry:
    """:raises ReasonMissingError: if there is none
    :raises KeyReusedError: if something else was booked with the key
    """
    if not booking.reason.strip():
        raise ReasonMissingError
    booked = _booked(draft, booking)
    if booked is not None:
        return booked
    try:
        return _write(draft, booking)
    except IntegrityError as error:
        refusal = _REFUSALS.get(constraint_name(error))
        if refusal is None:
            raise
        raise refusal from error


def _booked(draft: _Draft, booking: Booking) -> Entry | None:
    """The earlier entry with the key, or None. The caller has locked the account."""
    entry = entry_of_key(key=booking.key)
    if entry is None:
        return None
    is_same = (draft.kind, draft.rental_id, draft.claim_id, draft.reverses_id) == (
        entry.kind, entry.rental_id, entry.claim_id, entry.reverses_id,
    )  # fmt: skip
    if not is_same or not entry.postings.filter(account=draft.account, amount=draft.amount).exists():
        raise KeyReusedError
    return entry


def _write(draft: _Draft, booking: Booking) -> Entry:
    entry = Entry.objects.create(
        id=uuid7(booking.now),
        created_at=booking.now,
        kind=draft.kind,
        rental_id=draft.rental_id,
        claim_id=draft.claim_id,
        reverses_id=draft.reverses_id,
        key=booking.key,
        actor_id=booking.actor_id,
        reason=booking.reason.strip(),
    )
    Posting.objects.bulk_create(
        [
            Posting(entry=entry, account=draft.account, amount=draft.amount),
            Posting(entry=entry, account=draft.counterpart, amount=-draft.amount),
        ]
    )
    # Checked here instead of at the commit, so that the error becomes a named refusal.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS entry_written IMMEDIATE; SET CONSTRAINTS entry_written DEFERRED")
    return entry
