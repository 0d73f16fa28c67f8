"""The log of bikes, read-only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from bikerental.fleet.admin.base import BikeSearchMixin, ReadOnlyMixin
from bikerental.fleet.models import BikeEvent


@admin.register(BikeEvent)
class BikeEventAdmin(BikeSearchMixin, ReadOnlyMixin, admin.ModelAdmin[BikeEvent]):
    list_display = ("happened_at", "bike", "what", "state", "actor", "note")
    list_filter = ("state", "actor", "happened_at")
    list_select_related = ("bike",)
    search_fields = ("=rental_id", "=reservation_id")
    search_help_text = _("Number of the bike, or id of a rental or reservation, whole.")
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False
    fields = (
        "happened_at", "bike", "what", "state", "latitude", "longitude", "station_id", "rental_id", "reservation_id",
        "actor", "operator_id", "note",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("what"))
    def what(self, event: BikeEvent) -> str:
        return str(event)
