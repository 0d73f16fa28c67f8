"""Shared by the admin's pages of the ledger."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.billing.constants import REASON_HELP, REASON_LENGTH
from bikerental.billing.models import Account, Entry
from bikerental.billing.types import Booking
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.money import money_text
from bikerental.http.admin_forms import form_done
from bikerental.users.admin_site import log_action
from bikerental.users.models import User


class BookingForm(forms.Form):
    """The reason, and the form's key, so that a form that is sent twice books once."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=REASON_HELP,
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    shown: ClassVar = ["reason"]

    def booking(self, operator: User, now: datetime) -> Booking:
        return Booking(f"form:{self.cleaned_data['key']}", operator.pk, self.cleaned_data["reason"], now)


class AmountForm(BookingForm):
    amount = forms.DecimalField(label=_("Amount"), max_digits=14, decimal_places=2, min_value=0, localize=True)

    shown: ClassVar = ["amount", "reason"]


class PaymentForm(AmountForm):
    METHODS: ClassVar = [("cash", _("in cash")), ("transfer", _("by transfer"))]

    method = forms.ChoiceField(label=_("Paid"), choices=METHODS)

    shown: ClassVar = ["amount", "method", "reason"]

    def booking(self, operator: User, now: datetime) -> Booking:
        booking = super().booking(operator, now)
        method = dict(self.METHODS)[self.cleaned_data["method"]]
        return booking._replace(reason=f"{method}: {booking.reason}"[:REASON_LENGTH])


Book = Callable[[BookingForm, Booking], Entry]


class LedgerAdmin(admin.ModelAdmin[Any]):
    """Rows that only services write. The right to add entries is the right to book with the forms."""

    list_per_page = 50
    show_full_result_count = False  # counting all rows takes longer than the page
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def require_booking_right(self, request: HttpRequest) -> None:
        if not request.user.has_perm("billing.add_entry"):
            raise PermissionDenied

    def booking_page(
        self,
        request: HttpRequest,
        form_class: type[BookingForm],
        *,
        account: Account,
        title: Any,
        back: str,
        book: Book,
    ) -> HttpResponse:
        """Show the form, and book its data.

        :param book: books the form's data, or refuses
        """
        form: Any = form_class(request.POST or None)  # it is not a model's form, which the stubs of AdminForm require
        if form_done(request, form, run=lambda: self._book(request, form, account, book)):
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "adminform": AdminForm(form, [(None, {"fields": form.shown})], {}),
            "form": form,
            "account": account,
            "rider": rider_email(account),
            "opts": self.opts,
            "title": title,
            "back": back,
        }
        return TemplateResponse(request, "billing/admin/book.html", context)

    def _book(self, request: HttpRequest, form: BookingForm, account: Account, book: Book) -> None:
        self._book_and_log(request, form, account, book)
        messages.success(request, _("Booked."))

    @unit_of_work
    def _book_and_log(self, request: HttpRequest, form: BookingForm, account: Account, book: Book) -> None:
        operator: Any = request.user  # the admin admits only users
        now = timezone.now()
        entry = book(form, form.booking(operator, now))
        if entry.created_at == now:  # false if the same form was sent before
            self._log(request, form, account, entry)

    def _log(self, request: HttpRequest, form: BookingForm, account: Account, entry: Entry) -> None:
        amount = form.cleaned_data.get("amount")
        log_action(
            request,
            [account, entry],
            f"Booked: {entry.kind}.",
            kind="entry_booked",
            reason=form.cleaned_data["reason"],
            details={"entry": entry.kind} | ({"amount": amount_text(amount, account)} if amount is not None else {}),
            concerns={"rider_id": account.rider_id, "rental_id": entry.rental_id},
        )


def rider_email(account: Account | None) -> str:
    rider = account and account.rider
    return rider.email if rider and rider.erased_at is None else ""


def amount_text(amount: Any, account: Account) -> str:
    return f"{money_text(amount)} {account.currency}"
