"""Shared by the admin's pages of the fleet."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from psycopg2 import errorcodes

from bikerental.core.db.transactions import sqlstate
from bikerental.fleet.selectors import bikes_by_number, is_referenced
from bikerental.media.names import small_name

M = TypeVar("M", bound=Model)


class FleetAdmin(admin.ModelAdmin[M]):
    """Allows deleting only rows that nothing refers to, one at a time: otherwise the confirmation would list every
    ride."""

    list_per_page = 50
    show_full_result_count = False  # counting all rows takes longer than the page

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        if obj is None or not super().has_delete_permission(request, obj):
            return False
        if not hasattr(obj, "_is_referenced"):  # the admin asks several times for each page
            obj._is_referenced = is_referenced(obj)  # type: ignore[attr-defined] # remembered where it was asked of
        return not obj._is_referenced  # type: ignore[attr-defined]

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except IntegrityError as error:  # a ride has referred to it since the page was shown; the commit notices
            if sqlstate(error) != errorcodes.FOREIGN_KEY_VIOLATION:
                raise
            self.message_user(request, _("It has come into use meanwhile; nothing was deleted."), messages.ERROR)
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(name, args=[object_id]))


class ReadOnlyMixin:
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BikeSearchMixin:
    """Finds the rows of a bike by its number in any spelling."""

    bike_field: ClassVar = "bike"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        bike = bikes_by_number(term).first()
        if bike is not None:
            return queryset.filter(**{self.bike_field: bike}), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, term)  # type: ignore[misc] # the admin's
        return found


def picture_link(name: str | None) -> str:
    """The small size as a link to the large one."""
    if not name:
        return ""
    urls = default_storage.url(name), default_storage.url(small_name(name))
    return format_html('<a href="{}" rel="noreferrer"><img src="{}" alt="" height="128"></a>', *urls)
