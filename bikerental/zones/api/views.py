"""The zones where rides may end, for a map."""

from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from bikerental.http.operations import documented
from bikerental.http.views import ApiView
from bikerental.zones.api.serializers import ZonesOutput
from bikerental.zones.selectors import zones_collection


class ZonesView(ApiView):
    """The zones that are active and valid."""

    # Nothing in it is personal: an app keeps the response and asks whether it is still valid.
    cache_control = "private, no-cache"

    @documented(
        summary="Where a ride may end, as GeoJSON",
        description=(
            "A FeatureCollection of the zones that are in force. If there is a `service_area`, the position at "
            "which a ride ends must be inside one of them, and it must be outside every `no_return` zone. A zone's "
            "border belongs to the zone; a zone across the 180th meridian has a part on each side. Zones do not "
            "apply to a return at a station. Send the `ETag` as `If-None-Match`: 304 without a body while nothing has "
            "changed."
        ),
        success={200: ZonesOutput, 304: None},
        headers=["ETag"],
    )
    def get(self, request: Request) -> HttpResponse:
        collection = zones_collection(now=timezone.now())
        answer = HttpResponse(collection.body, content_type="application/json", headers={"ETag": collection.etag})
        return get_conditional_response(request, etag=collection.etag, response=answer) or answer
