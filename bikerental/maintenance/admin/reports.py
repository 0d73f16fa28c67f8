"""Reports of defects, take-outs because of them, and photos that are being published."""

from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext

from bikerental.core.db.transactions import unit_of_work
from bikerental.fleet.admin.base import BikeSearchMixin, ReadOnlyMixin, picture_link
from bikerental.maintenance.constants import GRAVE_KINDS, ReportState
from bikerental.maintenance.models import BikeReport, PhotoUpload, TakeOutLimit
from bikerental.maintenance.selectors import bikes_to_take_out
from bikerental.maintenance.services import reports_close, waiting_bikes_release
from bikerental.users.admin_site import RiderSearch, log_action

CLOSED = gettext_noop("Closed the report.")


@admin.register(BikeReport)
class BikeReportAdmin(BikeSearchMixin, RiderSearch, ReadOnlyMixin, admin.ModelAdmin[BikeReport]):
    """Reports of defects: to read, and to close. The list of bikes sends a bike to maintenance."""

    actions = ("resolve", "dismiss")
    list_display = (
        "created_at", "bike_link", "bike_status", "kind", "is_grave", "counts", "text", "picture", "state", "rider_key",
    )  # fmt: skip
    list_filter = ("state", "kind", "counts", "created_at")
    list_select_related = ("bike",)
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    search_help_text = _("Number of the bike, an id, or a part of the rider's e-mail or name.")
    ordering = ("-id",)  # ids grow with time
    list_per_page = 50
    show_full_result_count = False
    # The rider's id instead of the rider, because the name is not needed here.
    fields = ("created_at", "bike_link", "kind", "counts", "text", "state", "closed_at", "rider_key", "picture")
    readonly_fields = fields

    @admin.display(description=_("rider's id"), ordering="rider_id")
    def rider_key(self, report: BikeReport) -> UUID:
        return report.rider_id

    @admin.display(description=_("bike"), ordering="bike__number")
    def bike_link(self, report: BikeReport) -> str:
        bikes = reverse("admin:fleet_bike_changelist", query={"q": report.bike.number})
        return format_html('<a href="{}">{}</a>', bikes, report.bike.number)

    @admin.display(description=_("the bike is"))
    def bike_status(self, report: BikeReport) -> str:
        return report.bike.get_status_display()

    @admin.display(description=_("grave"))
    def is_grave(self, report: BikeReport) -> str:
        # Not a tick: Django's is green, as if all were well.
        return format_html('<strong class="grave">{}</strong>', _("grave")) if report.kind in GRAVE_KINDS else ""

    @admin.display(description=_("photo"))
    def picture(self, report: BikeReport) -> str:
        return picture_link(report.photo)

    @admin.action(description=_("Resolve: it is mended"), permissions=["close"])
    def resolve(self, request: HttpRequest, reports: QuerySet[BikeReport]) -> None:
        self._close(request, reports, ReportState.RESOLVED)

    @admin.action(description=_("Dismiss: nothing is broken"), permissions=["close"])
    def dismiss(self, request: HttpRequest, reports: QuerySet[BikeReport]) -> None:
        self._close(request, reports, ReportState.DISMISSED)

    def has_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("maintenance.change_bikereport")

    def _close(self, request: HttpRequest, reports: QuerySet[BikeReport], state: ReportState) -> None:
        count = self._close_and_log(request, list(reports.values_list("pk", flat=True)), state)
        text = ngettext("%(count)d report closed.", "%(count)d reports closed.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @unit_of_work
    def _close_and_log(self, request: HttpRequest, ids: list[UUID], state: ReportState) -> int:
        now = timezone.now()
        count = reports_close(report_ids=ids, state=state, now=now)
        closed = list(BikeReport.objects.filter(pk__in=ids, closed_at=now))
        log_action(request, closed, CLOSED, kind="report_closed", details={"state": state.value})
        return count


@admin.register(TakeOutLimit)
class TakeOutLimitAdmin(ReadOnlyMixin, admin.ModelAdmin[TakeOutLimit]):
    """Whether reported bikes wait for an operator, with the action that releases them."""

    actions = ("release",)
    list_display = ("__str__", "paused_at", "waiting", "released_at")
    fields = ("paused_at", "waiting", "released_at")
    readonly_fields = fields

    @admin.display(description=_("bikes that wait"))
    def waiting(self, _limit: TakeOutLimit) -> int:
        return bikes_to_take_out().count()

    @admin.action(description=_("Take the bikes that wait out of service"), permissions=["release"])
    def release(self, request: HttpRequest, limits: QuerySet[TakeOutLimit]) -> None:
        count = waiting_bikes_release(now=timezone.now())
        text = ngettext("%(count)d bike left service.", "%(count)d bikes left service.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def has_release_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("maintenance.change_takeoutlimit")


@admin.register(PhotoUpload)
class PhotoUploadAdmin(BikeSearchMixin, ReadOnlyMixin, admin.ModelAdmin[PhotoUpload]):
    """The state of a photo's upload, and why one was refused."""

    list_display = ("created_at", "bike", "is_report", "state", "code", "attempts", "next_attempt_at", "published_at")
    list_filter = ("state", "code")
    list_select_related = ("bike",)
    search_fields = ("=id",)
    search_help_text = _("Id of the upload or number of the bike, whole.")
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False
    fields = (
        "id", "created_at", "bike", "report", "uploader_key", "key", "state", "code", "expires_at", "confirmed_at",
        "published_at", "attempts", "next_attempt_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("uploader's id"))
    def uploader_key(self, upload: PhotoUpload) -> UUID:
        return upload.uploader_id

    @admin.display(description=_("of a report"), boolean=True)
    def is_report(self, upload: PhotoUpload) -> bool:
        return upload.report_id is not None
