"""Bikes: what an operator edits of one, and does to many."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bikerental.core.errors import FieldRefusal, UnavailableError
from bikerental.core.geometry import Position
from bikerental.fleet.admin.base import FleetAdmin, picture_link
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import PlaceRefusedError
from bikerental.fleet.models import NUMBER_KEY, Bike, Tariff
from bikerental.fleet.numbers import is_number_key, number_key_typed
from bikerental.fleet.selectors import bikes_with_reports, is_in_service
from bikerental.fleet.services import (
    bike_add,
    bike_edit,
    bike_photo_take,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from bikerental.media.constants import PHOTO_BYTES_MAX
from bikerental.media.exceptions import PhotoTooLargeError
from bikerental.media.storage import StorageUnavailableError


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
            self._refuse_elsewhere(cleaned.get("latitude"), cleaned.get("longitude"))
        elif "station" in self.changed_data and self.instance.status == BikeStatus.RENTED:
            self.add_error("station", _("This bike is being ridden: it comes to a station when it is returned."))
        return cleaned

    def _refuse_elsewhere(self, latitude: float | None, longitude: float | None) -> None:
        """What was there before may stay: the bounds may have been drawn since."""
        if latitude is None or longitude is None or not {"latitude", "longitude"} & set(self.changed_data):
            return
        if not is_in_service(Position(latitude, longitude)):
            self.add_error("latitude", str(PlaceRefusedError.field_detail))

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
    from bikerental.media.images import decoding, photo_check  # Pillow: memory that most processes never need

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
        return picture_link(bike.photo.name)

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
