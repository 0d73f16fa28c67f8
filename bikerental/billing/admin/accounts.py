"""Accounts, and the bookings on a rider's account."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Case, OuterRef, QuerySet, Subquery, Sum, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from bikerental.billing.admin.base import AmountForm, BookingForm, LedgerAdmin, PaymentForm, amount_text, rider_email
from bikerental.billing.constants import AccountKind
from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.selectors import balance_of_account
from bikerental.billing.services import debt_write_off, payment_book, payment_refund
from bikerental.billing.types import Booking
from bikerental.users.admin_site import RiderSearch

BOOKINGS: dict[str, tuple[Any, type[AmountForm], Any]] = {
    "payment": (_("Book a payment"), PaymentForm, payment_book),
    "refund": (_("Book a refund"), AmountForm, payment_refund),
    "writeoff": (_("Write off a debt"), AmountForm, debt_write_off),
}


@admin.register(Account)
class AccountAdmin(RiderSearch, LedgerAdmin):
    list_display = ("created_at", "kind", "rider_email", "currency", "riders_balance")
    list_filter = ("kind", "currency")
    list_select_related = ("rider",)
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    search_help_text = _("An id, or a part of the rider's e-mail or name.")
    ordering = ("-pk",)
    fields: ClassVar = ["kind", "rider_email", "currency", "balance", "created_at", "bookings"]
    readonly_fields = ("rider_email", "balance", "bookings")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        # Only for a rider's account: the other accounts have millions of postings.
        sums = (
            Posting.objects.filter(account=OuterRef("pk")).values("account").annotate(sum=Sum("amount")).values("sum")
        )
        balance = Case(When(kind=AccountKind.RIDER, then=Subquery(sums)))
        accounts: QuerySet[Account] = super().get_queryset(request).annotate(riders_sum=balance)
        return accounts

    @admin.display(description=_("rider"))
    def rider_email(self, account: Account) -> str:
        return rider_email(account)

    @admin.display(description=_("balance"))
    def riders_balance(self, account: Any) -> str:
        return "" if account.riders_sum is None else amount_text(account.riders_sum, account)

    @admin.display(description=_("balance"))
    def balance(self, account: Account) -> str:
        return amount_text(balance_of_account(account_id=account.pk), account)

    @admin.display(description=_("action"))
    def bookings(self, account: Account) -> str:
        if account.kind != AccountKind.RIDER:
            return ""
        entries = f"{reverse('admin:billing_entry_changelist')}?postings__account__id__exact={account.pk}"
        links = [
            (reverse("admin:billing_account_book", args=[account.pk, name]), title)
            for name, (title, _form, _book) in BOOKINGS.items()
        ]
        return format_html_join(" · ", '<a href="{}">{}</a>', [(entries, _("Entries")), *links])

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.book)
        return [path("<uuid:account_id>/book/<slug:name>/", view, name="billing_account_book"), *super().get_urls()]

    def book(self, request: HttpRequest, account_id: UUID, name: str) -> HttpResponse:
        self.require_booking_right(request)
        riders = Account.objects.select_related("rider").filter(kind=AccountKind.RIDER)
        account = get_object_or_404(riders, pk=account_id if name in BOOKINGS else None)
        title, form_class, service = BOOKINGS[name]

        def book(form: BookingForm, booking: Booking) -> Entry:
            entry: Entry = service(account_id=account.pk, amount=form.cleaned_data["amount"], booking=booking)
            return entry

        back = reverse("admin:billing_account_change", args=[account.pk])
        return self.booking_page(request, form_class, account=account, title=title, back=back, book=book)
