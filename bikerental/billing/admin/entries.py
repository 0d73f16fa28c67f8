"""Entries, and the forms that correct them."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from bikerental.billing.admin.base import AmountForm, BookingForm, LedgerAdmin, amount_text, rider_email
from bikerental.billing.constants import AccountKind, EntryKind
from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.services import adjust_ride, reverse_entry
from bikerental.billing.types import Booking
from bikerental.users.admin_site import RiderSearch


@admin.register(Entry)
class EntryAdmin(RiderSearch, LedgerAdmin):
    list_display = ("created_at", "kind", "rider_email", "amount", "ride", "actor_name", "reason", "mending")
    list_filter = ("kind",)
    list_select_related = ("actor",)
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    search_help_text = _("Id of the entry, the ride or the claim, or a part of the rider's e-mail or name.")
    rider_field = "postings__account__rider"
    id_fields = ("pk", "rental_id", "claim_id")
    ordering = ("-pk",)
    fields: ClassVar = [
        "created_at", "kind", "rider_email", "amount", "ride", "claim_id", "reverses", "actor_name", "reason", "key",
        "mending",
    ]  # fmt: skip
    readonly_fields = ("rider_email", "amount", "ride", "actor_name", "mending")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        riders = Posting.objects.select_related("account__rider").filter(account__kind=AccountKind.RIDER)
        entries: QuerySet[Entry] = super().get_queryset(request)
        return entries.prefetch_related(Prefetch("postings", riders, to_attr="riders_postings"), "reversals")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "postings__account__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("rider"))
    def rider_email(self, entry: Any) -> str:
        return rider_email(entry.riders_postings[0].account)

    @admin.display(description=_("amount"))
    def amount(self, entry: Any) -> str:
        posting = entry.riders_postings[0]
        return amount_text(posting.amount, posting.account)

    @admin.display(description=_("ride"))
    def ride(self, entry: Entry) -> str:
        return str(entry.rental_id or "")

    @admin.display(description=_("actor"))
    def actor_name(self, entry: Entry) -> str:
        return entry.actor.name or str(entry.actor) if entry.actor else ""

    @admin.display(description=_("action"))
    def mending(self, entry: Entry) -> str:
        links = []
        if entry.kind == EntryKind.CHARGE:
            links.append((reverse("admin:billing_entry_adjust", args=[entry.pk]), _("Adjust")))
        if not entry.reversals.all():
            links.append((reverse("admin:billing_entry_reverse", args=[entry.pk]), _("Reverse")))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    def get_urls(self) -> list[URLPattern]:
        views = [("adjust", self.adjust), ("reverse", self.reverse)]
        return [
            *(
                path(f"<uuid:entry_id>/{name}/", self.admin_site.admin_view(view), name=f"billing_entry_{name}")
                for name, view in views
            ),
            *super().get_urls(),
        ]

    def adjust(self, request: HttpRequest, entry_id: UUID) -> HttpResponse:
        charges = Entry.objects.filter(kind=EntryKind.CHARGE)

        def book(entry: Entry, form: BookingForm, booking: Booking) -> Entry:
            rental_id: Any = entry.rental_id  # a charge has one
            return adjust_ride(rental_id=rental_id, amount=form.cleaned_data["amount"], booking=booking)

        return self._mend(request, charges, entry_id, AmountForm, _("Adjust a ride's cost"), book)

    def reverse(self, request: HttpRequest, entry_id: UUID) -> HttpResponse:
        def book(entry: Entry, form: BookingForm, booking: Booking) -> Entry:
            return reverse_entry(entry_id=entry.pk, booking=booking)

        return self._mend(request, Entry.objects.all(), entry_id, BookingForm, _("Reverse an entry"), book)

    def _mend(
        self,
        request: HttpRequest,
        entries: QuerySet[Entry],
        entry_id: UUID,
        form_class: type[BookingForm],
        title: Any,
        book: Any,
    ) -> HttpResponse:
        self.require_booking_right(request)
        entry = get_object_or_404(entries, pk=entry_id)
        accounts = Account.objects.select_related("rider").filter(kind=AccountKind.RIDER)
        return self.booking_page(
            request,
            form_class,
            account=accounts.get(postings__entry=entry),
            title=title,
            back=reverse("admin:billing_entry_change", args=[entry.pk]),
            book=lambda form, booking: book(entry, form, booking),
        )
