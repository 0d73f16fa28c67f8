"""Bikes, with their open reports, repairs and photo."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, UnavailableError
from bikerental.fleet.admin.base import picture_link
from bikerental.fleet.admin.bikes import MOVES, RETURNED, BikeAdmin, BikeForm
from bikerental.fleet.models import Bike
from bikerental.maintenance.selectors import bikes_with_reports
from bikerental.maintenance.services import bike_photo_store, repaired_bikes_return
from bikerental.media.constants import PHOTO_BYTES_MAX
from bikerental.media.exceptions import PhotoTooLargeError
from bikerental.media.storage import StorageUnavailableError


class PhotoBikeForm(BikeForm):
    uploaded: bytes | None = None

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
        return self.initial.get("photo")  # the old photo stays until a task has published the new one


def _checked(photo: UploadedFile[Any]) -> bytes:
    if photo.size is None or photo.size > PHOTO_BYTES_MAX:
        raise PhotoTooLargeError
    from bikerental.media.images import decoding, photo_check  # here, because most processes never need Pillow's memory

    data: bytes = photo.read()
    with decoding():
        photo_check(data)
    return data


@admin.register(Bike)
class MaintainedBikeAdmin(BikeAdmin):
    form = PhotoBikeForm
    actions = ("send_to_maintenance", "return_to_service", *MOVES, "set_tariff")
    list_display = (*BikeAdmin.list_display, "open_reports")
    fields = (*BikeAdmin.fields, "photo", "preview")
    readonly_fields = (*BikeAdmin.readonly_fields, "preview")

    def save_model(self, request: HttpRequest, obj: Bike, form: Any, change: bool) -> None:
        if form.uploaded:
            form.changed_data = [name for name in form.changed_data if name != "photo"]  # a task will write it
        super().save_model(request, obj, form, change)
        if form.uploaded:
            # After the commit, so that the storage is called outside the transaction and only for saved forms.
            transaction.on_commit(lambda: self._take_photo(request, obj, form.uploaded))

    def _take_photo(self, request: HttpRequest, bike: Bike, photo: bytes) -> None:
        try:
            bike_photo_store(
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
        reports = reverse("admin:maintenance_bikereport_changelist", query={"bike__id__exact": str(bike.pk)})
        return format_html('<a href="{}">{}</a>', reports, bike.open_reports_count)  # type: ignore[attr-defined] # annotated

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bike]:
        return bikes_with_reports().order_by(*self.ordering)

    @admin.action(description=_("Return to service"), permissions=["change"])
    def return_to_service(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        self._move(request, bikes, repaired_bikes_return, RETURNED)
