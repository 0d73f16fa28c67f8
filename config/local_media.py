"""Serves and receives photos on a machine without S3, with the same forms as S3. Only for the local settings."""

from http import HTTPStatus
from mimetypes import guess_type

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.signing import BadSignature, TimestampSigner
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from bikerental.fleet.constants import BIKE_PHOTOS
from bikerental.maintenance.constants import REPORT_PHOTOS
from bikerental.media.constants import CACHE_CONTROL, PHOTO_BYTES_MAX, UPLOAD_TIME
from bikerental.media.gateways.folder import LOCAL_SALT


@method_decorator(csrf_exempt, name="dispatch")  # the signature in the form is the permission
class UploadView(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        """204. As S3: 403 if the signature is not ours or too old, 400 if the file is too small or too large."""
        signer = TimestampSigner(salt=LOCAL_SALT)
        try:
            key = signer.unsign(request.POST.get("signature", ""), max_age=UPLOAD_TIME)
        except BadSignature:
            return HttpResponse(status=HTTPStatus.FORBIDDEN)
        file = request.FILES.get("file")
        if file is None or not file.size or file.size > PHOTO_BYTES_MAX:
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        default_storage.delete(key)
        default_storage.save(key, file)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


class PhotoView(View):
    def get(self, request: HttpRequest, name: str) -> FileResponse:
        # Two dots would lead out of the folder of published photos.
        if not name.startswith((BIKE_PHOTOS, REPORT_PHOTOS)) or ".." in name or not default_storage.exists(name):
            raise Http404
        headers = {"Cache-Control": CACHE_CONTROL, "X-Content-Type-Options": "nosniff"}
        content_type = guess_type(name)[0] or "application/octet-stream"
        return FileResponse(default_storage.open(name), content_type=content_type, headers=headers)


_PREFIX = settings.MEDIA_URL.lstrip("/")
urlpatterns = [path(_PREFIX, UploadView.as_view()), path(f"{_PREFIX}<path:name>", PhotoView.as_view())]
