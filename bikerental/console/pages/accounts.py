"""What an operator does to a rider's account: refund, block, unblock."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bikerental.accounts.services import accounts_close_unless_riding
from bikerental.billing.constants import AccountKind
from bikerental.billing.models import Account
from bikerental.billing.selectors import balance_of_account
from bikerental.billing.services import payment_refund
from bikerental.billing.types import Booking
from bikerental.console.constants import ActionKind
from bikerental.console.exceptions import AccountUnchangedError, OperatorsAccountError, RiderRidingError
from bikerental.console.pages.base import FormPage, ReasonForm, ReasonToRiderForm
from bikerental.console.pages.riders import rider_of
from bikerental.console.types import NewAction
from bikerental.core.money import money_text
from bikerental.users.models import User
from bikerental.users.services import accounts_reopen


class RiderFormPage(FormPage):
    section = "riders"
    template = "console/of_rider.html"

    @cached_property
    def rider(self) -> User:
        return rider_of(self.kwargs["rider_id"])

    def back(self) -> str:
        return reverse("console:rider", args=[self.rider.pk])

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        return {"rider_id": self.rider.pk}

    def about(self) -> Mapping[str, Any]:
        return {"rider": self.rider}


class RefundForm(ReasonToRiderForm):
    amount = forms.DecimalField(label=_("Amount"), max_digits=14, decimal_places=2, min_value=0, localize=True)
    field_order = ["amount", "reason"]


class RefundPage(RiderFormPage):
    permission = "billing.add_entry"
    title = _("Refund a payment")
    form_class = RefundForm
    kind = ActionKind.PAYMENT_REFUNDED
    done = _("Refunded. Pay the money back in the way it came.")

    @cached_property
    def account(self) -> Account:
        riders = Account.objects.filter(kind=AccountKind.RIDER, rider=self.kwargs["rider_id"])
        account = riders.filter(currency=self.kwargs["currency"]).first()
        if account is None:
            raise Http404
        return account

    def perform(self, form: Any, action: NewAction) -> None:
        booking = Booking(f"form:{action.key}", action.operator_id, action.reason, action.now)
        payment_refund(account_id=self.account.pk, amount=form.cleaned_data["amount"], booking=booking)

    def details(self, form: Any) -> Mapping[str, Any]:
        return {"amount": money_text(form.cleaned_data["amount"]), "currency": self.account.currency}

    def about(self) -> Mapping[str, Any]:
        balance = balance_of_account(account_id=self.account.pk)
        return {"rider": self.rider, "balance": balance, "currency": self.account.currency}


class BlockPage(RiderFormPage):
    permission = "users.change_user"
    title = _("Block the account")
    form_class = ReasonForm
    kind = ActionKind.RIDER_BLOCKED
    done = _("Blocked: the rider is logged out everywhere and cannot log in.")

    def perform(self, form: Any, action: NewAction) -> None:
        _require_rider(self.rider)
        closed, riding = accounts_close_unless_riding(
            user_ids=[self.rider.pk], operator_id=action.operator_id, now=action.now
        )
        if riding:
            raise RiderRidingError
        if not closed:
            raise AccountUnchangedError


class UnblockPage(RiderFormPage):
    permission = "users.change_user"
    title = _("Unblock the account")
    form_class = ReasonForm
    kind = ActionKind.RIDER_UNBLOCKED
    done = _("Unblocked: the rider can log in again.")

    def perform(self, form: Any, action: NewAction) -> None:
        _require_rider(self.rider)
        if not accounts_reopen(user_ids=[self.rider.pk]):
            raise AccountUnchangedError


def _require_rider(rider: User) -> None:
    if rider.is_staff or rider.is_superuser:
        raise OperatorsAccountError
