"""An operator's hands on the fleet."""

from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from psycopg2 import errorcodes

from bikerental.core.errors import FieldRefusal, UnavailableError
from bikerental.core.storage import StorageUnavailableError
from bikerental.core.transactions import sqlstate
from bikerental.fleet.constants import GRAVE_KINDS, PHOTO_BYTES_MAX, BikeStatus, ReportState
from bikerental.fleet.exceptions import PhotoTooLargeError
from bikerental.fleet.models import (
    NUMBER_KEY,
    Bike,
    BikeModel,
    BikeReport,
    PhotoUpload,
    Station,
    TakeOutLimit,
    Tariff,
)
from bikerental.fleet.numbers import is_number_key, number_key_typed
from bikerental.fleet.selectors import (
    bikes_by_number,
    bikes_to_take_out,
    bikes_with_reports,
    is_referenced,
    small_name,
    stations_with_bikes,
)
from bikerental.fleet.services import (
    bike_add,
    bike_edit,
    bike_photo_take,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
    reports_close,
    station_edit,
    waiting_bikes_release,
)
from bikerental.users.admin_site import EmailSearch

M = TypeVar("M", bound=Model)
TERMS = ("currency", "unlock_fee", "per_minute", "free_minutes", "daily_cap", "overdue_after_minutes")


class FleetAdmin(admin.ModelAdmin[M]):
    """Only what nothing refers to can be deleted, one by one: the confirmation of anything else
    would list every ride."""

    list_per_page = 50
    show_full_result_count = False  # a count of all rows costs more than the page

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        if obj is None or not super().has_delete_permission(request, obj):
            return False
        if not hasattr(obj, "_is_referenced"):  # the admin asks several times a page
            obj._is_referenced = is_referenced(obj)  # type: ignore[attr-defined] # remembered where it was asked of
        return not obj._is_referenced  # type: ignore[attr-defined]

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except IntegrityError as error:  # a ride has come to refer to it since the page asked; told by the commit
            if sqlstate(error) != errorcodes.FOREIGN_KEY_VIOLATION:
                raise
            self.message_user(request, _("It has come into use meanwhile; nothing was deleted."), messages.ERROR)
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(name, args=[object_id]))


class ReadOnlyMixin:
    """Rows that services alone write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BikeSearchMixin:
    """Finds the rows of a bike by its number, however it is typed."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        bike = bikes_by_number(term).first()
        if bike is not None:
            return queryset.filter(bike=bike), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, term)  # type: ignore[misc] # the admin's
        return found


def _picture(name: str | None) -> str:
    """The small size, which opens the large one."""
    if not name:
        return ""
    urls = default_storage.url(name), default_storage.url(small_name(name))
    return format_html('<a href="{}" rel="noreferrer"><img src="{}" alt="" height="128"></a>', *urls)


class TariffForm(forms.ModelForm[Tariff]):
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.instance._state.adding:
            for name in set(self.changed_data) & set(TERMS):
                self.add_error(name, _("The terms of a tariff do not change: save it as a new one."))
        return cleaned


@admin.register(Tariff)
class TariffAdmin(FleetAdmin[Tariff]):
    form = TariffForm
    list_display = ("name", "currency", "unlock_fee", "per_minute", "free_minutes", "daily_cap")
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", *TERMS)
    save_as = True


@admin.register(BikeModel)
class BikeModelAdmin(FleetAdmin[BikeModel]):
    list_display = ("name", "propulsion")
    list_filter = ("propulsion",)
    search_fields = ("name",)
    ordering = ("name", "pk")


class EmptyStationFilter(admin.SimpleListFilter):
    title = _("bikes there")
    parameter_name = "bikes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("some", _("some")), ("none", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "some":
            return queryset.filter(bikes_here__gt=0)
        return queryset.filter(bikes_here=0) if self.value() == "none" else queryset


class StationForm(forms.ModelForm[Station]):
    class Meta:
        model = Station
        fields: ClassVar = ["latitude"]
        help_texts: ClassVar = {"latitude": _("The bikes that stand here move along.")}


@admin.register(Station)
class StationAdmin(FleetAdmin[Station]):
    form = StationForm
    fields = ("name", "latitude", "longitude", "capacity")
    list_display = ("name", "latitude", "longitude", "capacity", "bikes_here")
    list_filter = (EmptyStationFilter,)
    search_fields = ("name",)
    ordering = ("name", "pk")

    @admin.display(description=_("bikes"))
    def bikes_here(self, station: Any) -> str:
        bikes = reverse("admin:fleet_bike_changelist", query={"station__id__exact": str(station.pk)})
        return format_html('<a href="{}">{}</a>', bikes, station.bikes_here)

    def save_model(self, request: HttpRequest, obj: Station, form: Any, change: bool) -> None:
        if change:
            station_edit(station=obj, fields=form.changed_data)
        else:
            super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Station]:
        return stations_with_bikes().order_by(*self.ordering)


class BikeForm(forms.ModelForm[Bike]):
    uploaded: bytes | None = None

    class Meta:
        model = Bike
        fields: ClassVar = ["station", "latitude", "longitude"]
        help_texts: ClassVar = {
            "station": _("A bike at a station stands where the station is: it needs no coordinates."),
            "latitude": _("Other coordinates take the bike off its station."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in {"latitude", "longitude"} & self.fields.keys():
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("station") is None:
            for name in ("latitude", "longitude"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Give a station or coordinates."))
        elif "station" in self.changed_data and self.instance.status == BikeStatus.RENTED:
            self.add_error("station", _("This bike is being ridden: it comes to a station when it is returned."))
        return cleaned

    def clean_photo(self) -> Any:
        photo = self.cleaned_data["photo"]
        if not isinstance(photo, UploadedFile):  # unchanged, or cleared
            return photo
        try:
            self.uploaded = _checked(photo)
        except FieldRefusal as refusal:
            raise ValidationError(str(refusal.field_detail), code=refusal.field_code) from refusal
        except UnavailableError as error:
            raise ValidationError(str(error), code=error.code) from error
        return self.initial.get("photo")  # the old one stays until a task has published the new one


def _checked(photo: UploadedFile[Any]) -> bytes:
    if photo.size is None or photo.size > PHOTO_BYTES_MAX:
        raise PhotoTooLargeError
    from bikerental.fleet.images import decoding, photo_check  # Pillow: memory that most processes never need

    data: bytes = photo.read()
    with decoding():
        photo_check(data)
    return data


class BikeActionForm(ActionForm):
    tariff = forms.ModelChoiceField(queryset=Tariff.objects.order_by("name", "pk"), required=False, label=_("Tariff"))


@admin.register(Bike)
class BikeAdmin(FleetAdmin[Bike]):
    form = BikeForm
    action_form = BikeActionForm
    actions = ("send_to_maintenance", "return_to_service", "set_tariff")
    list_display = ("number", "model", "status", "station", "tariff", "open_reports")
    list_filter = ("status", "model", "tariff", ("station", admin.EmptyFieldListFilter))
    list_select_related = ("model", "station", "tariff")
    search_fields = ("number",)
    search_help_text = _("Beginning of the number.")
    ordering = ("number",)
    fields = ("number", "model", "tariff", "status", "station", "latitude", "longitude", "photo", "preview")
    # Rides change it, and the actions do; a form would write what it was when the form was shown.
    readonly_fields = ("status", "preview")
    autocomplete_fields = ("model", "tariff", "station")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Bike], term: str
    ) -> tuple[QuerySet[Bike], bool]:
        key = number_key_typed(term)
        if not term or not is_number_key(key):
            return (queryset.none() if term else queryset), False
        return queryset.alias(number_key=NUMBER_KEY).filter(number_key__startswith=key), False

    def save_model(self, request: HttpRequest, obj: Bike, form: Any, change: bool) -> None:
        if change:
            bike_edit(bike=obj, fields=[name for name in form.changed_data if name != "photo" or not form.uploaded])
        else:
            bike_add(bike=obj)
        if form.uploaded:
            # After the commit: the storage is asked outside of the transaction, and only for what was saved.
            transaction.on_commit(lambda: self._take_photo(request, obj, form.uploaded))

    def _take_photo(self, request: HttpRequest, bike: Bike, photo: bytes) -> None:
        try:
            bike_photo_take(
                bike_id=bike.pk,
                uploader_id=request.user.pk,  # type: ignore[arg-type] # the admin admits users alone
                data=photo,
                now=timezone.now(),
            )
        except StorageUnavailableError as error:
            text = _("The bike is saved, the photo is not. %(reason)s") % {"reason": error.detail}
            self.message_user(request, text, messages.ERROR)
        else:
            self.message_user(request, _("The photo is being prepared; it shows in a moment."), messages.SUCCESS)

    @admin.display(description=_("shown as"))
    def preview(self, bike: Bike) -> str:
        return _picture(bike.photo.name)

    @admin.display(description=_("open reports"))
    def open_reports(self, bike: Bike) -> str:
        reports = reverse("admin:fleet_bikereport_changelist", query={"bike__id__exact": str(bike.pk)})
        return format_html('<a href="{}">{}</a>', reports, bike.open_reports_count)  # type: ignore[attr-defined] # annotated

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bike]:
        return bikes_with_reports().order_by(*self.ordering)

    @admin.action(description=_("Send to maintenance"), permissions=["change"])
    def send_to_maintenance(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        ids = list(bikes.values_list("pk", flat=True))
        self._tell(request, done=bikes_send_to_maintenance(bike_ids=ids), of=len(ids))

    @admin.action(description=_("Return to service"), permissions=["change"])
    def return_to_service(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        ids = list(bikes.values_list("pk", flat=True))
        self._tell(request, done=bikes_return_to_service(bike_ids=ids, now=timezone.now()), of=len(ids))

    @admin.action(description=_("Set the tariff"), permissions=["change"])
    def set_tariff(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        form = self.action_form(request.POST)
        form.fields["action"].choices = self.get_action_choices(request)  # type: ignore[attr-defined] # a ChoiceField
        tariff = form.cleaned_data.get("tariff") if form.is_valid() else None
        if tariff is None:
            self.message_user(request, _("Choose the tariff beside the action."), messages.WARNING)
            return
        ids = list(bikes.values_list("pk", flat=True))
        self._tell(request, done=bikes_set_tariff(bike_ids=ids, tariff_id=tariff.pk), of=len(ids))

    def _tell(self, request: HttpRequest, *, done: int, of: int) -> None:
        if done:
            text = ngettext("%(count)d bike changed.", "%(count)d bikes changed.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        if of > done:
            text = ngettext(
                "%(count)d bike left alone: it is rented.", "%(count)d bikes left alone: they are rented.", of - done
            )
            self.message_user(request, text % {"count": of - done}, messages.WARNING)


@admin.register(BikeReport)
class BikeReportAdmin(EmailSearch, BikeSearchMixin, ReadOnlyMixin, admin.ModelAdmin[BikeReport]):
    """What riders say is broken: to look at, and to close. A bike goes to maintenance in its own list."""

    actions = ("resolve", "dismiss")
    list_display = (
        "created_at", "bike_link", "bike_status", "kind", "is_grave", "counts", "text", "picture", "state", "rider_id",
    )  # fmt: skip
    list_filter = ("state", "kind", "counts", "created_at")
    list_select_related = ("bike",)
    search_fields = ("=rider__email",)
    search_help_text = _("Number of the bike or e-mail of the rider, whole.")
    ordering = ("-id",)  # ids grow with time
    list_per_page = 50
    show_full_result_count = False
    # The rider's id rather than the rider, whose name is not needed here.
    fields = ("created_at", "bike_link", "kind", "counts", "text", "state", "closed_at", "rider_id", "picture")
    readonly_fields = fields

    @admin.display(description=_("bike"), ordering="bike__number")
    def bike_link(self, report: BikeReport) -> str:
        bikes = reverse("admin:fleet_bike_changelist", query={"q": report.bike.number})
        return format_html('<a href="{}">{}</a>', bikes, report.bike.number)

    @admin.display(description=_("the bike is"))
    def bike_status(self, report: BikeReport) -> str:
        return report.bike.get_status_display()

    @admin.display(description=_("grave"), boolean=True)
    def is_grave(self, report: BikeReport) -> bool:
        return report.kind in GRAVE_KINDS

    @admin.display(description=_("photo"))
    def picture(self, report: BikeReport) -> str:
        return _picture(report.photo)

    @admin.action(description=_("Resolve: it is mended"), permissions=["close"])
    def resolve(self, request: HttpRequest, reports: QuerySet[BikeReport]) -> None:
        self._close(request, reports, ReportState.RESOLVED)

    @admin.action(description=_("Dismiss: nothing is broken"), permissions=["close"])
    def dismiss(self, request: HttpRequest, reports: QuerySet[BikeReport]) -> None:
        self._close(request, reports, ReportState.DISMISSED)

    def has_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fleet.change_bikereport")

    def _close(self, request: HttpRequest, reports: QuerySet[BikeReport], state: ReportState) -> None:
        ids = list(reports.values_list("pk", flat=True))
        count = reports_close(report_ids=ids, state=state, now=timezone.now())
        text = ngettext("%(count)d report closed.", "%(count)d reports closed.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(TakeOutLimit)
class TakeOutLimitAdmin(ReadOnlyMixin, admin.ModelAdmin[TakeOutLimit]):
    """Whether reported bikes wait for an operator, and letting them go."""

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
        return request.user.has_perm("fleet.change_takeoutlimit")


@admin.register(PhotoUpload)
class PhotoUploadAdmin(BikeSearchMixin, ReadOnlyMixin, admin.ModelAdmin[PhotoUpload]):
    """Where a photo is on its way, and why one was refused."""

    list_display = ("created_at", "bike", "is_report", "state", "code", "attempts", "next_attempt_at", "published_at")
    list_filter = ("state", "code")
    list_select_related = ("bike",)
    search_fields = ("=id",)
    search_help_text = _("Id of the upload or number of the bike, whole.")
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False
    fields = (
        "id", "created_at", "bike", "report", "uploader_id", "key", "state", "code", "expires_at", "confirmed_at",
        "published_at", "attempts", "next_attempt_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("of a report"), boolean=True)
    def is_report(self, upload: PhotoUpload) -> bool:
        return upload.report_id is not None
