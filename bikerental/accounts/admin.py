"""Accounts in the admin: the users app's page, with the action that closes an account."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext

from bikerental.accounts.services import account_close_with_ride, accounts_close_unless_riding
from bikerental.core.db.clock import database_now
from bikerental.core.db.transactions import unit_of_work
from bikerental.rentals.admin import ENDED, EndPageMixin
from bikerental.rentals.models import Rental
from bikerental.rentals.types import RideEnd
from bikerental.users.admin import UserAdmin
from bikerental.users.admin_site import log_action
from bikerental.users.models import User

REFUSED_SHOWN_MAX = 20
CLOSED = gettext_noop("Closed the account.")


@admin.register(User)
class RiderAdmin(EndPageMixin, UserAdmin):
    """A rider who is riding keeps the account until the ride has ended."""

    actions = ["end_sessions", "close_accounts", "reopen_accounts"]

    def get_urls(self) -> list[URLPattern]:
        close = path("<uuid:user_id>/close/", self.admin_site.admin_view(self.close_account), name="users_user_close")
        return [close, *super().get_urls()]

    @admin.action(description=_("Close the accounts"), permissions=["change"])
    def close_accounts(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        others = [user_id for user_id in self.changeable(request, queryset) if user_id != request.user.pk]
        self._close(request, others)

    def _close(self, request: HttpRequest, user_ids: list[UUID]) -> None:
        operator: Any = request.user  # the admin admits only users
        closed, riding = accounts_close_unless_riding(user_ids=user_ids, operator_id=operator.pk, now=database_now())
        if closed or not riding:
            self.report(request, closed, CLOSED, "rider_blocked")
        if riding:
            self._refuse(request, riding)

    def _refuse(self, request: HttpRequest, riding: list[UUID]) -> None:
        rides = Rental.objects.filter(rider__in=riding, status=Rental.Status.ACTIVE).select_related("rider", "bike")
        links = (
            (
                rental.rider and rental.rider.email,
                reverse("admin:rentals_rental_change", args=[rental.pk]),
                rental.bike,
                reverse("admin:users_user_close", args=[rental.rider_id]),
                _("End the ride and close the account"),
            )
            for rental in rides[:REFUSED_SHOWN_MAX]
        )
        shown = format_html_join("; ", '{}: <a href="{}">{}</a> · <a href="{}">{}</a>', links)
        text = ngettext(
            "%(count)d account stays open: the rider is riding.",
            "%(count)d accounts stay open: the riders are riding.",
            len(riding),
        )
        self.message_user(request, format_html("{} {}", text % {"count": len(riding)}, shown), messages.WARNING)

    def close_account(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        user = get_object_or_404(User, pk=user_id)
        may_close = self.has_change_permission(request, user) and request.user.has_perm("rentals.change_rental")
        if not may_close or user.pk == request.user.pk:
            raise PermissionDenied
        accounts = reverse("admin:users_user_changelist")
        rides = Rental.objects.select_related("bike", "rider").filter(rider=user, status=Rental.Status.ACTIVE)
        rental = rides.first()
        if rental is None:  # the ride has ended meanwhile
            if request.method == "POST":
                self._close(request, [user.pk])
            else:
                self.message_user(request, _("This rider is not riding: close the account here."), messages.WARNING)
            return HttpResponseRedirect(accounts)

        def end(end: RideEnd) -> None:
            self._close_with_ride(request, user, rental, end)

        return self.end_page(request, rental, title=_("End the ride and close the account"), back=accounts, end=end)

    @unit_of_work
    def _close_with_ride(self, request: HttpRequest, user: User, rental: Rental, end: RideEnd) -> None:
        operator: Any = request.user  # the admin admits only users
        closed = account_close_with_ride(user_id=user.pk, operator=operator, end=end, now=database_now())
        log_action(request, [rental], ENDED, kind="ride_ended", reason=end.reason)
        self.report(request, [user.pk] if closed else [], CLOSED, "rider_blocked")
