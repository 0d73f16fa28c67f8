"""The list of reservations, which operators can read and end."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.admin.base import BikeSearchMixin, ReadOnlyMixin
from bikerental.rentals.models import Reservation
from bikerental.rentals.services import reservations_end_by_operator
from bikerental.users.admin_site import RiderSearch, log_action

ENDED = gettext_noop("Ended the reservation.")


@admin.register(Reservation)
class ReservationAdmin(BikeSearchMixin, RiderSearch, ReadOnlyMixin, admin.ModelAdmin[Reservation]):
    list_display = ("created_at", "status", "bike", "rider_email", "expires_at", "ended_at", "counts")
    list_filter = ("status", "created_at")
    list_select_related = ("bike", "rider")
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    search_help_text = _("Number of the bike, an id, or a part of the rider's e-mail or name.")
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
        count = self._end_and_log(request, list(reservations.values_list("pk", flat=True)))
        text = ngettext(
            "%(count)d reservation ended; its rider is told.",
            "%(count)d reservations ended; the riders are told.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @unit_of_work
    def _end_and_log(self, request: HttpRequest, ids: list[UUID]) -> int:
        operator_id: Any = request.user.pk  # the admin admits only users
        active = Reservation.objects.filter(pk__in=ids, status=Reservation.Status.ACTIVE)
        before = list(active.values_list("pk", flat=True))
        count = reservations_end_by_operator(reservation_ids=ids, operator_id=operator_id, now=timezone.now())
        ended = Reservation.objects.filter(pk__in=before).exclude(status=Reservation.Status.ACTIVE)
        log_action(request, list(ended), ENDED, kind="reservation_ended")
        return count

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rentals.change_reservation")
