"""Rides and reservations in the admin: read-only, with actions to end them."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminRadioSelect, AdminSplitDateTime, AdminTextareaWidget, AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bikerental.core.errors import FieldRefusal, Refusal
from bikerental.core.money import money_text
from bikerental.fleet.admin.base import BikeSearchMixin, ReadOnlyMixin
from bikerental.fleet.models import LATITUDE_RANGE, LONGITUDE_RANGE, Station
from bikerental.http.admin_forms import CITY_TIME_STYLE
from bikerental.rentals.exceptions import RentalNotActiveError
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.rentals.pricing import cost_at
from bikerental.rentals.services import rental_end_by_operator, reservations_end_by_operator
from bikerental.rentals.types import OperatorsEnd, Place
from bikerental.users.admin_site import EmailSearch


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
    """Where the bike is, when it was left there, and the operator's reason."""

    PLACES: ClassVar = [
        ("taken", _("where it was taken")),
        ("station", _("at a station")),
        ("point", _("at coordinates")),
    ]

    place = forms.ChoiceField(
        label=_("The bike is"), choices=PLACES, widget=AdminRadioSelect(attrs={"class": "radiolist"}), initial="taken"
    )
    station = forms.ModelChoiceField(
        label=_("Station"),
        queryset=Station.objects.all(),
        required=False,
        widget=AutocompleteSelect(Rental._meta.get_field("end_station"), admin.site),
    )
    latitude = forms.FloatField(label=_("Latitude"), required=False, validators=LATITUDE_RANGE)
    longitude = forms.FloatField(label=_("Longitude"), required=False, validators=LONGITUDE_RANGE)
    ended_at = forms.SplitDateTimeField(label=_("Ended at"), required=False, widget=AdminSplitDateTime)
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=AdminTextareaWidget(attrs={"rows": 3}))

    class Media:
        css: ClassVar = CITY_TIME_STYLE

    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["place", "station", ("latitude", "longitude"), "ended_at", "reason"]}),
    ]

    def __init__(self, *args: Any, rental: Rental, **options: Any) -> None:
        super().__init__(*args, **options)
        start = localize(localtime(rental.started_at))
        self.fields["ended_at"].help_text = _("Empty: now. The ride began %(start)s") % {"start": start}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needed = {"station": ["station"], "point": ["latitude", "longitude"]}.get(cleaned.get("place", ""), [])
        for name in needed:
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("Say where the bike is."))
        return cleaned

    def end(self) -> OperatorsEnd:
        cleaned = self.cleaned_data
        place = None
        if cleaned["place"] == "station":
            place = Place(station_id=cleaned["station"].pk)
        elif cleaned["place"] == "point":
            place = Place(latitude=cleaned["latitude"], longitude=cleaned["longitude"])
        return OperatorsEnd(cleaned["reason"], place, cleaned["ended_at"])


class EndsRides:
    """A page that ends a ride, alone or with the rider's account."""

    admin_site: admin.AdminSite
    opts: Any

    def end_page(
        self, request: HttpRequest, rental: Rental, *, title: Any, back: str, end: Callable[[OperatorsEnd], None]
    ) -> HttpResponse:
        """Show the form, and end the ride with its data.

        :param end: ends the ride, or refuses
        """
        form: Any = EndRideForm(
            request.POST or None, rental=rental
        )  # it is not a model's form, which the stubs of AdminForm require
        if request.method == "POST" and form.is_valid():
            try:
                end(form.end())
            except FieldRefusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.field_detail))
            except Refusal as refusal:
                messages.error(request, str(refusal))
                return HttpResponseRedirect(back)
            else:
                return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "adminform": AdminForm(form, form.fieldsets, {}),
            "form": form,
            "rental": rental,
            "cost": cost_at(rental, timezone.now()),
            "opts": self.opts,
            "title": title,
            "back": back,
        }
        return TemplateResponse(request, "rentals/admin/end_ride.html", context)


@admin.register(Rental)
class RentalAdmin(EndsRides, EmailSearch, BikeSearchMixin, ReadOnlyMixin, admin.ModelAdmin[Rental]):
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
    show_full_result_count = False  # counting all rides takes longer than the page
    list_per_page = 50
    inlines = (RentalEventInline,)
    exclude = ("created_at",)

    @admin.display(description=_("rider"))
    def rider_email(self, rental: Rental) -> str:
        return rental.rider.email if rental.rider else ""

    @admin.display(description=_("cost"))
    def cost(self, rental: Rental) -> str:
        amount = rental.cost_amount  # the settled cost, or the cost so far
        if amount is None:
            amount = cost_at(rental, timezone.now()).amount
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
        rides = reverse("admin:rentals_rental_changelist")
        if not rental.is_active:
            messages.error(request, RentalNotActiveError.detail)
            return HttpResponseRedirect(rides)

        def end(end: OperatorsEnd) -> None:
            operator: Any = request.user  # the admin admits only users
            rental_end_by_operator(rental_id=rental.pk, operator=operator, **end._asdict(), now=timezone.now())
            messages.success(request, _("The ride has ended; the rider gets the receipt."))

        return self.end_page(request, rental, title=_("End this ride"), back=rides, end=end)


@admin.register(Reservation)
class ReservationAdmin(EmailSearch, BikeSearchMixin, ReadOnlyMixin, admin.ModelAdmin[Reservation]):
    list_display = ("created_at", "status", "bike", "rider_email", "expires_at", "ended_at", "counts")
    list_filter = ("status", "created_at")
    list_select_related = ("bike", "rider")
    search_fields = ("=rider__email",)
    search_help_text = _("Number of the bike or e-mail of the rider, whole.")
    ordering = ("-id",)  # ids grow with time
    list_per_page = 50
    show_full_result_count = False
    actions = ("end",)
    fields = ("created_at", "status", "bike", "rider_email", "expires_at", "ended_at", "counts")
    readonly_fields = fields

    @admin.display(description=_("rider"))
    def rider_email(self, reservation: Reservation) -> str:
        return reservation.rider.email

    @admin.action(description=_("End, and tell the rider"), permissions=["end"])
    def end(self, request: HttpRequest, reservations: QuerySet[Reservation]) -> None:
        operator_id: Any = request.user.pk  # the admin admits only users
        count = reservations_end_by_operator(
            reservation_ids=list(reservations.values_list("pk", flat=True)), operator_id=operator_id, now=timezone.now()
        )
        text = ngettext(
            "%(count)d reservation ended; its rider is told.",
            "%(count)d reservations ended; the riders are told.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rentals.change_reservation")
