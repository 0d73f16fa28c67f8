"""Entries, and the form that reverses one."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bikerental.billing.admin.base import BookingForm, LedgerAdmin, amount_text, rider_email
from bikerental.billing.constants import AccountKind
from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.services import entry_reverse
from bikerental.billing.types import Booking
from bikerental.users.admin_site import RiderSearch


@admin.register(Entry)
class EntryAdmin(RiderSearch, LedgerAdmin):
    list_display = ("created_at", "kind", "rider_email", "amount", "ride", "actor_name", "reason", "correction_link")
    list_filter = ("kind",)
    list_select_related = ("actor",)
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    search_help_text = _("Id of the entry, the ride or the claim, or a part of the rider's e-mail or name.")
    rider_field = "postings__account__rider"
    id_fields = ("pk", "rental_id", "claim_id")
    ordering = ("-pk",)
    fields: ClassVar = [
        "created_at", "kind", "rider_email", "amount", "ride", "claim_id", "reverses", "actor_name", "reason", "key",
        "correction_link",
    ]  # fmt: skip
    readonly_fields = ("rider_email", "amount", "ride", "actor_name", "correction_link")

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
    def correction_link(self, entry: Entry) -> str:
        if entry.reversals.all():
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:billing_entry_reverse", args=[entry.pk]), _("Reverse"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reverse)
        return [path("<uuid:entry_id>/reverse/", view, name="billing_entry_reverse"), *super().get_urls()]

    def reverse(self, request: HttpRequest, entry_id: UUID) -> HttpResponse:
        self.require_booking_right(request)
        entry = get_object_or_404(Entry, pk=entry_id)
        accounts = Account.objects.select_related("rider").filter(kind=AccountKind.RIDER)

        def book(form: BookingForm, booking: Booking) -> Entry:
            return entry_reverse(entry_id=entry.pk, booking=booking)

        return self.booking_page(
            request,
            BookingForm,
            account=accounts.get(postings__entry=entry),
            title=_("Reverse an entry"),
            back=reverse("admin:billing_entry_change", args=[entry.pk]),
            book=book,
        )
