"""The list of rides, which operators can only read. Each ride links to the page that ends it or corrects its cost."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from bikerental.billing.selectors import adjustment_of
from bikerental.core.db.clock import database_now
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.money import money_text
from bikerental.fleet.admin.base import BikeSearchMixin, ReadOnlyMixin
from bikerental.rentals.admin.correcting import CorrectionForm, CorrectionPageMixin, correction_text
from bikerental.rentals.admin.ending import EndPageMixin
from bikerental.rentals.exceptions import RentalNotActiveError, RentalNotSettledError
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.pricing import cost_at
from bikerental.rentals.services import rental_correct, rental_end_by_operator
from bikerental.rentals.types import Correction, RideEnd
from bikerental.users.admin_site import RiderSearch, log_action

ENDED = gettext_noop("Ended the ride.")
RECEIPT_LINE = '<tr><th scope="row">{}</th><td>{} {}</td></tr>'


def _cost_lines(rental: Rental) -> list[dict[str, Any]]:
    """The lines of the receipt or, before the ride is settled, of the cost so far."""
    if rental.cost_lines is not None:
        return list(rental.cost_lines)
    return [line.as_json() for line in cost_at(rental, database_now()).lines]


def _line_text(line: dict[str, Any]) -> str:
    return render_to_string("rentals/messages/receipt_line.txt", {"line": line})


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


@admin.register(Rental)
class RentalAdmin(
    EndPageMixin, CorrectionPageMixin, BikeSearchMixin, RiderSearch, ReadOnlyMixin, admin.ModelAdmin[Rental]
):
    list_display = ("started_at", "state", "bike", "rider_email", "ended_at", "cost", "overdue_at", "page_link")
    list_filter = ("status", ("overdue_at", admin.EmptyFieldListFilter), "started_at")
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    search_help_text = _("Number of the bike, an id, or a part of the rider's e-mail or name.")
    list_select_related = ("bike", "rider")
    ordering = ("-started_at", "-pk")
    show_full_result_count = False  # counting all rides takes longer than the page
    list_per_page = 50
    inlines = (RentalEventInline,)
    fieldsets: ClassVar = [
        (None, {"fields": ["state", "bike", "rider_link", "page_link"]}),
        (
            _("When and where"),
            {"fields": ["started_at", "start_station", "ended_at", "end_station", "is_out_of_area", "overdue_at"]},
        ),
        (_("Cost"), {"fields": ["cost", "receipt", "tariff_name", "settled_at"]}),
    ]
    readonly_fields = ("state", "rider_link", "page_link", "cost", "receipt")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rental]:
        rentals: QuerySet[Rental] = super().get_queryset(request).annotate(adjustment=adjustment_of("pk"))
        return rentals

    @admin.display(description=_("status"), ordering="status")
    def state(self, rental: Rental) -> Any:
        return _("cancelled") if rental.is_cancelled else rental.get_status_display()

    @admin.display(description=_("rider"))
    def rider_link(self, rental: Rental) -> str:
        if rental.rider is None:
            return ""
        page = reverse("admin:users_user_change", args=[rental.rider_id])
        return format_html('<a href="{}">{}</a>', page, rental.rider.email)

    @admin.display(description=_("receipt lines"))
    def receipt(self, rental: Rental) -> str:
        lines = [(_line_text(line), line["amount"], rental.currency) for line in _cost_lines(rental)]
        return format_html('<table class="receipt">{}</table>', format_html_join("", RECEIPT_LINE, lines))

    @admin.display(description=_("rider"))
    def rider_email(self, rental: Rental) -> str:
        return rental.rider.email if rental.rider else ""

    @admin.display(description=_("cost"))
    def cost(self, rental: Any) -> str:
        amount = rental.cost_amount  # the settled cost, or the cost so far
        if amount is None:
            amount = cost_at(rental, database_now()).amount
        return f"{money_text(amount + (rental.adjustment or 0))} {rental.currency}"

    @admin.display(description=_("action"))
    def page_link(self, rental: Rental) -> str:
        name, title = ("end", _("End this ride")) if rental.is_active else ("correct", _("Correct or waive the cost"))
        return format_html('<a href="{}">{}</a>', reverse(f"admin:rentals_rental_{name}", args=[rental.pk]), title)

    def get_urls(self) -> list[URLPattern]:
        end = path("<uuid:rental_id>/end/", self.admin_site.admin_view(self.end_ride), name="rentals_rental_end")
        view = self.admin_site.admin_view(self.correct)
        correct = path("<uuid:rental_id>/correct/", view, name="rentals_rental_correct")
        return [end, correct, *super().get_urls()]

    def _require_right(self, request: HttpRequest) -> None:
        if not request.user.has_perm("rentals.change_rental"):
            raise PermissionDenied

    def end_ride(self, request: HttpRequest, rental_id: UUID) -> HttpResponse:
        self._require_right(request)
        rental = get_object_or_404(Rental.objects.select_related("bike", "rider"), pk=rental_id)
        rides = reverse("admin:rentals_rental_changelist")
        if not rental.is_active:
            messages.error(request, RentalNotActiveError.detail)
            return HttpResponseRedirect(rides)

        def end(end: RideEnd) -> None:
            self._end(request, rental, end)
            messages.success(request, _("The ride has ended; the rider gets the receipt."))

        return self.end_page(request, rental, title=_("End this ride"), back=rides, end=end)

    @unit_of_work
    def _end(self, request: HttpRequest, rental: Rental, end: RideEnd) -> None:
        operator: Any = request.user  # the admin admits only users
        rental_end_by_operator(rental_id=rental.pk, operator=operator, **end._asdict(), now=database_now())
        log_action(request, [rental], ENDED, kind="ride_ended", reason=end.reason)

    def correct(self, request: HttpRequest, rental_id: UUID) -> HttpResponse:
        self._require_right(request)
        rental = get_object_or_404(Rental.objects.select_related("bike", "rider"), pk=rental_id)
        rides = reverse("admin:rentals_rental_changelist")
        if rental.is_active:
            messages.error(request, RentalNotSettledError.detail)
            return HttpResponseRedirect(rides)
        form = CorrectionForm(request.POST or None, initial={"ended_at": rental.ended_at})

        def correct() -> None:
            self._correct(request, rental, form)
            messages.success(request, _("Corrected; the rider is told."))

        title = _("Correct or waive the cost")
        return self.correction_page(request, form, rental, title=title, back=rides, correct=correct)

    @unit_of_work
    def _correct(self, request: HttpRequest, rental: Rental, form: CorrectionForm) -> None:
        operator: Any = request.user  # the admin admits only users
        booking = form.booking(operator, database_now())
        correction = form.correction or Correction()
        if rental_correct(rental_id=rental.pk, correction=correction, booking=booking):
            log_action(request, [rental], correction_text(form), kind="ride_corrected", reason=booking.reason)
