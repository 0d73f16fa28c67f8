"""The fleet endpoints: parse, one domain call, render."""

from urllib.parse import urlencode
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.core.db.replica import from_replica
from bikerental.fleet.api.rendering import bike_json, near_bike_json, station_json
from bikerental.fleet.api.serializers import BikeOutput, BikesQuery, NearQuery, StationOutput
from bikerental.fleet.exceptions import BikeNotFoundError, StationNotFoundError
from bikerental.fleet.selectors import (
    NUMBER_ORDER,
    bike_row,
    bikes_near,
    bikes_page,
    station_row,
    stations_list,
    stations_near,
)
from bikerental.fleet.types import BikeFilters, Circle, NearCursor, StationRow
from bikerental.http.operations import documented
from bikerental.http.pagination import Cursor, cursor_of, page_response, page_size_of, paginate
from bikerental.http.views import ApiView, read_query

NEAR_ORDER = ("distance_m", "bike_id", "seen")
# Of two lengths: a cursor of the one list is refused by the other.
STATION_ORDER, NEAR_STATION_ORDER = ("name", "id"), ("distance_m", "name", "id")


class BikesView(ApiView):
    """The bikes that can be ridden, unless asked otherwise."""

    @documented(
        summary="Bikes, by number or nearest first",
        description="By number; with `lat` and `lon` the nearest first, each with `distance_m`.",
        query=BikesQuery,
        success={200: BikeOutput(many=True)},
        paginated=True,
    )
    def get(self, request: Request) -> Response:
        query = read_query(BikesQuery, request)
        filters = BikesQuery.filters(query)
        circle = BikesQuery.circle(query)
        if circle is not None:
            return _near_page(request, circle, filters)
        size = page_size_of(request)
        cursor = cursor_of(request, NUMBER_ORDER)
        found = from_replica(lambda using: bikes_page(filters, cursor=cursor, limit=size + 1, using=using))
        return page_response(
            request, found, order=NUMBER_ORDER, size=size, cursor=cursor, render=lambda bike: bike_json(bike, request)
        )


class BikeView(ApiView):
    """One bike."""

    @documented(summary="One bike", success={200: BikeOutput}, errors=[BikeNotFoundError])
    def get(self, request: Request, bike_id: UUID) -> Response:
        return Response(bike_json(bike_row(bike_id=bike_id), request))


class StationsView(ApiView):
    """The stations."""

    @documented(
        summary="Stations, by name or nearest first",
        description="By name; with `lat` and `lon` the nearest first, each with `distance_m`.",
        query=NearQuery,
        success={200: StationOutput(many=True)},
        paginated=True,
    )
    def get(self, request: Request) -> Response:
        circle = NearQuery.circle(read_query(NearQuery, request))
        stations = stations_list() if circle is None else stations_near(circle)
        order = STATION_ORDER if circle is None else NEAR_STATION_ORDER
        return from_replica(
            lambda using: paginate(
                request, stations.using(using), order=order, row=lambda values: StationRow(*values), render=station_json
            )
        )


class StationView(ApiView):
    """One station."""

    @documented(summary="One station", success={200: StationOutput}, errors=[StationNotFoundError])
    def get(self, request: Request, station_id: UUID) -> Response:
        return Response(station_json(station_row(station_id=station_id)))


def _near_page(request: Request, circle: Circle, filters: BikeFilters) -> Response:
    sent = cursor_of(request, NEAR_ORDER)
    cursor = NearCursor._make((*sent.keys, sent.is_backward)) if sent else NearCursor()
    size = page_size_of(request)
    page = from_replica(
        lambda using: bikes_near(circle=circle, filters=filters, cursor=cursor, limit=size, using=using)
    )
    return Response(
        {
            "next": _near_url(request, page.next),
            "previous": _near_url(request, page.previous),
            "results": [near_bike_json(near, request) for near in page.rows],
        }
    )


def _near_url(request: Request, cursor: NearCursor | None) -> str | None:
    if cursor is None:
        return None
    text = Cursor(cursor[:3], is_backward=cursor.backward).encode(request.path)
    return request.build_absolute_uri(f"{request.path}?{urlencode(request.query_params.dict() | {'cursor': text})}")
