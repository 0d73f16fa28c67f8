"""The photo endpoints: parse, one domain call, render."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.fleet.api.serializers import BIKE_IN_PATH
from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.http.operations import documented
from bikerental.http.views import ApiView, read
from bikerental.maintenance.api.serializers import UploadConfirmInput, UploadOutput, UploadStateOutput
from bikerental.maintenance.exceptions import ReportNotFoundError, UploadNotFoundError
from bikerental.maintenance.models import PhotoUpload
from bikerental.maintenance.services import photo_upload_confirm, photo_upload_start
from bikerental.maintenance.types import UploadStarted
from bikerental.media.constants import PHOTO_BYTES_MAX
from bikerental.media.exceptions import PHOTO_REFUSALS
from bikerental.users.api.authentication import rider_of
from bikerental.users.api.permissions import OperatorPermission

FORM_HELP = (
    "Send `fields`, and then the photo as `file`, to `url` as multipart/form-data within ten minutes. Then confirm. "
    "The photo is one JPEG or PNG of up to 5 MiB. A JPEG may have 65 million pixels, a progressive JPEG 12 million, a "
    "PNG 10 million. 429 after 30 uploads for reports in an hour, or 600 for bikes."
)
CONFIRM_HELP = (
    "The photo is checked before the answer. A 400 with `errors[0].code` says why it is refused. After `missing`, send "
    "the photo to `url` and confirm again; after any other code, begin a new upload. After a 202, a task re-encodes "
    "the photo without its metadata and publishes it within moments. A repeated request gets the same answer. 503 at "
    "once while another photo is being checked. 429 after 60 checks for reports in an hour, or 1,200 for bikes."
)
EXAMPLE_ID = "01a20844-d8ab-74fa-8c96-fac3cbd29f3f"


class MayChangeBikes(OperatorPermission):
    permission = "fleet.change_bike"


class BikePhotoView(ApiView):
    """A photo for a bike."""

    path_examples = BIKE_IN_PATH

    permission_classes = (MayChangeBikes,)

    @documented(
        summary="Begin to upload a photo of the bike (staff)",
        description=FORM_HELP,
        success={201: UploadOutput},
        errors=[BikeNotFoundError],
    )
    def post(self, request: Request, bike_id: UUID) -> Response:
        started = photo_upload_start(bike_id=bike_id, uploader_id=rider_of(request).pk, now=timezone.now())
        return Response(_upload_json(started, request), status=201)


class BikePhotoConfirmView(ApiView):
    """The end of an upload."""

    path_examples = BIKE_IN_PATH

    permission_classes = (MayChangeBikes,)

    @documented(
        summary="Confirm the photo of the bike (staff)",
        description=CONFIRM_HELP,
        request=UploadConfirmInput,
        success={202: UploadStateOutput},
        errors=[UploadNotFoundError, *PHOTO_REFUSALS.values()],
        example={"upload": EXAMPLE_ID},
    )
    def post(self, request: Request, bike_id: UUID) -> Response:
        data = read(UploadConfirmInput, request)
        upload = photo_upload_confirm(
            upload_id=data["upload"], bike_id=bike_id, uploader_id=rider_of(request).pk, now=timezone.now()
        )
        return Response(_state_json(upload), status=202)


class ReportPhotoView(ApiView):
    """A photo for the caller's report."""

    path_examples = BIKE_IN_PATH

    @documented(
        summary="Begin to upload a photo for the report",
        description=FORM_HELP,
        success={201: UploadOutput},
        errors=[ReportNotFoundError],
    )
    def post(self, request: Request, bike_id: UUID, report_id: UUID) -> Response:
        started = photo_upload_start(
            bike_id=bike_id, report_id=report_id, uploader_id=rider_of(request).pk, now=timezone.now()
        )
        return Response(_upload_json(started, request), status=201)


class ReportPhotoConfirmView(ApiView):
    """The end of an upload."""

    path_examples = BIKE_IN_PATH

    @documented(
        summary="Confirm the photo for the report",
        description=CONFIRM_HELP,
        request=UploadConfirmInput,
        success={202: UploadStateOutput},
        errors=[UploadNotFoundError, *PHOTO_REFUSALS.values()],
        example={"upload": EXAMPLE_ID},
    )
    def post(self, request: Request, bike_id: UUID, report_id: UUID) -> Response:
        data = read(UploadConfirmInput, request)
        upload = photo_upload_confirm(
            upload_id=data["upload"],
            bike_id=bike_id,
            report_id=report_id,
            uploader_id=rider_of(request).pk,
            now=timezone.now(),
        )
        return Response(_state_json(upload), status=202)


def _upload_json(started: UploadStarted, request: Request) -> dict[str, Any]:
    return {
        "id": str(started.id),
        "url": request.build_absolute_uri(started.form.url),
        "fields": started.form.fields,
        "expires_at": started.expires_at,
        "max_bytes": PHOTO_BYTES_MAX,
    }


def _state_json(upload: PhotoUpload) -> dict[str, Any]:
    return {"id": str(upload.pk), "state": upload.state}
