"""Photos in a folder, without S3: shows those whose URL is signed and, under the local settings, receives forms like
those of S3."""

import time
from http import HTTPStatus
from mimetypes import guess_type

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.signing import BadSignature, TimestampSigner
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from bikerental.fleet.constants import BIKE_PHOTOS
from bikerental.maintenance.constants import REPORT_PHOTOS
from bikerental.media.constants import CACHE_CONTROL, PHOTO_BYTES_MAX, UPLOAD_TIME
from bikerental.media.folder import is_signed
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
    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """403 if the URL is not signed by us or too old, as S3."""
        # Two dots would lead out of the folder of published photos.
        if not name.startswith((BIKE_PHOTOS, REPORT_PHOTOS)) or ".." in name:
            raise Http404
        given = {key: request.GET.get(key, "") for key in ("expires", "signature")}
        if not is_signed(name, **given, now=time.time()):
            return HttpResponse(status=HTTPStatus.FORBIDDEN)
        if not default_storage.exists(name):
            raise Http404
        headers = {"Cache-Control": CACHE_CONTROL, "X-Content-Type-Options": "nosniff"}
        if not settings.MEDIA_SERVED:
            # The proxy sends the file: a slow client must not hold a thread.
            return HttpResponse(headers=headers | {"X-Accel-Redirect": f"/{name}"})
        content_type = guess_type(name)[0] or "application/octet-stream"
        return FileResponse(default_storage.open(name), content_type=content_type, headers=headers)


_PREFIX = settings.MEDIA_URL.lstrip("/")
urlpatterns = [path(f"{_PREFIX}<path:name>", PhotoView.as_view())]
if settings.MEDIA_SERVED:
    urlpatterns.append(path(_PREFIX, UploadView.as_view()))
