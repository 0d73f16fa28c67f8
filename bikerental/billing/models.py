"""The ledger: double entry, append-only. Triggers (migrations 0002, 0004) enforce the rules that constraints cannot."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bikerental.billing.constants import KEY_LENGTH, REASON_LENGTH, AccountKind, EntryKind
from bikerental.core.models import BaseModel


class Account(BaseModel):
    """An account of postings. Its balance is their sum. A rider with a positive balance owes money.

    The account of a rider who erased the profile stays, and refers to a user without a name. Rides that were
    anonymised before the ledger existed are charged to an account without a rider.
    """

    kind = models.CharField(_("kind"), max_length=8, choices=AccountKind.choices)
    rider = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("rider"),
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[MinLengthValidator(3)])

    class Meta:
        verbose_name = _("account of the ledger")
        verbose_name_plural = _("accounts of the ledger")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rider", "currency"],
                condition=Q(kind="rider"),
                nulls_distinct=False,
                name="account_one_a_rider_and_currency",
            ),
            models.UniqueConstraint(
                fields=["kind", "currency"], condition=~Q(kind="rider"), name="account_one_a_kind_and_currency"
            ),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="account_kind_known"),
            models.CheckConstraint(condition=Q(kind="rider") | Q(rider=None), name="account_rider_of_riders_alone"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="account_currency_three_letters"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.currency}"


class Entry(BaseModel):
    """One booking. An error is corrected by an entry that reverses it.

    Ids grow with `created_at`, so that an index of ids has the newest last.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind.choices)
    # Only ids, because rides and claims belong to apps above.
    rental_id = models.UUIDField(_("ride"), null=True)
    claim_id = models.UUIDField(_("claim"), null=True)
    reverses = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="reversals",
        db_index=False,
        verbose_name=_("reverses"),
    )
    # Unique, so that booking twice with one key books once.
    key = models.CharField(max_length=KEY_LENGTH)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("actor"),
    )
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True, default="")
    # The transaction that wrote the entry, set by the database. Only that transaction may add postings.
    transaction_id = models.BigIntegerField(db_default=0, editable=False)

    class Meta:
        verbose_name = _("entry of the ledger")
        verbose_name_plural = _("entries of the ledger")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="entry_key_unique"),
            models.UniqueConstraint(
                fields=["reverses"], condition=Q(reverses__isnull=False), name="entry_reversed_once"
            ),
            models.UniqueConstraint(fields=["rental_id"], condition=Q(kind="charge"), name="entry_one_charge_a_ride"),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="entry_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="charge") | (Q(actor__isnull=False) & Q(reason__regex=r"\S")),
                name="entry_of_a_person_has_actor_and_reason",
            ),
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False) | (~Q(kind="reversal") & Q(reverses=None)),
                name="entry_reversal_reverses",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["charge", "adjustment"]) | Q(rental_id__isnull=False), name="entry_of_a_ride"
            ),
        ]
        indexes: ClassVar = [
            models.Index("rental_id", condition=Q(rental_id__isnull=False), name="entry_of_ride"),
            # Most rides have no adjustment. With this small index, a list of rides finds that out fast.
            models.Index("rental_id", condition=Q(kind__in=["adjustment", "reversal"]), name="entry_adjusting_ride"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Posting(models.Model):
    """The amount of an entry on one account."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings", db_index=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings", db_index=False, verbose_name=_("account")
    )
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "account"], name="posting_one_an_entry_and_account"),
            models.CheckConstraint(condition=~Q(amount=Decimal(0)), name="posting_not_zero"),
        ]
        indexes: ClassVar = [
            # A balance is a sum over this index alone. An account's entries are read along it, newest first.
            models.Index(fields=["account", "entry"], include=["amount"], name="posting_of_account"),
        ]

    def __str__(self) -> str:
        return str(self.amount)
