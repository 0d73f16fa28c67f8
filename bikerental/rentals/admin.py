"""An operator's view of the rides: everything to read, one thing to do."""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import Refusal
from bikerental.core.money import money_text
from bikerental.fleet.admin import BikeSearchMixin
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services import rental_end_by_operator
from bikerental.users.admin_site import EmailSearch


class ReadOnlyMixin:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RentalEventInline(ReadOnlyMixin, admin.TabularInline[RentalEvent, Rental]):
    model = RentalEvent
    fields: ClassVar = ["happened_at", "kind", "actor_name", "reason"]
    readonly_fields: ClassVar = ["actor_name"]
    ordering: ClassVar = ["happened_at", "pk"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[RentalEvent]:
        return super().get_queryset(request).select_related("actor")

    @admin.display(description=_("actor"))
    def actor_name(self, event: RentalEvent) -> str:
        return event.actor.name or str(event.actor) if event.actor else ""


class EndRideForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Rental)
class RentalAdmin(EmailSearch, BikeSearchMixin, ReadOnlyMixin, admin.ModelAdmin[Rental]):
    list_display = (
        "started_at",
        "status",
        "bike",
        "rider_email",
        "ended_at",
        "cost",
        "overdue_at",
        "end_link",
    )
    list_filter = (
        "status",
        ("overdue_at", admin.EmptyFieldListFilter),
        "started_at",
    )
    search_fields = ("=rider__email",)
    search_help_text = _("Number of the bike or e-mail of the rider, whole.")
    list_select_related = (
        "bike",
        "rider",
    )
    ordering = (
        "-started_at",
        "-pk",
    )
    show_full_result_count = False  # a count over all rides costs more than the page
    list_per_page = 50
    inlines = (RentalEventInline,)
    exclude = ("created_at",)

    @admin.display(description=_("rider"))
    def rider_email(self, rental: Rental) -> str:
        return rental.rider.email if rental.rider else ""

    @admin.display(description=_("cost"))
    def cost(self, rental: Rental) -> str:
        amount = rental.cost_amount  # as settled; until then what it comes to
        if amount is None:
            amount = rental.cost_at(timezone.now()).amount
        return f"{money_text(amount)} {rental.currency}"

    @admin.display(description="")
    def end_link(self, rental: Rental) -> str:
        if not rental.is_active:
            return ""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:rentals_rental_end", args=[rental.pk]), _("End this ride")
        )

    def get_urls(self) -> list[URLPattern]:
        end = path("<uuid:rental_id>/end/", self.admin_site.admin_view(self.end_ride), name="rentals_rental_end")
        return [end, *super().get_urls()]

    def end_ride(self, request: HttpRequest, rental_id: UUID) -> HttpResponse:
        if not request.user.has_perm("rentals.change_rental"):
            raise PermissionDenied
        rental = get_object_or_404(Rental.objects.select_related("bike", "rider"), pk=rental_id)
        form = EndRideForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._end(request, rental, form.cleaned_data["reason"])
            return HttpResponseRedirect(reverse("admin:rentals_rental_changelist"))
        context = self.admin_site.each_context(request) | {
            "form": form,
            "rental": rental,
            "opts": self.opts,
            "title": _("End this ride"),
        }
        return TemplateResponse(request, "rentals/admin/end_ride.html", context)

    def _end(self, request: HttpRequest, rental: Rental, reason: str) -> None:
        try:
            rental_end_by_operator(
                rental_id=rental.pk,
                operator=request.user,  # type: ignore[arg-type] # the admin admits users alone
                reason=reason,
                now=timezone.now(),
            )
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The ride has ended; the rider gets the receipt."))
