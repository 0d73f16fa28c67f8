"""The fleet endpoints: parse, one domain call, render."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.core.db.replica import from_replica
from bikerental.fleet.api.rendering import bike_json, near_bike_json, station_json
from bikerental.fleet.api.serializers import (
    BIKE_IN_PATH,
    STATION_IN_PATH,
    BikeOutput,
    BikesQuery,
    NearQuery,
    StationOutput,
)
from bikerental.fleet.exceptions import BikeNotFoundError, StationNotFoundError
from bikerental.fleet.selectors import (
    NAME_ORDER,
    NEAR_ORDER,
    NEAR_STATION_ORDER,
    NUMBER_ORDER,
    bike_row,
    bikes_near,
    bikes_page,
    station_row,
    stations_near,
    stations_page,
)
from bikerental.http.operations import documented
from bikerental.http.pagination import read_page, render_page
from bikerental.http.views import ApiView, read_query


class BikesView(ApiView):
    """The bikes that can be ridden, by default."""

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
            page = read_page(request, order=NEAR_ORDER)
            found = from_replica(lambda using: bikes_near(circle=circle, filters=filters, page=page, using=using))
            return render_page(request, found, lambda bike: near_bike_json(bike, request))
        page = read_page(request, order=NUMBER_ORDER)
        bikes = from_replica(lambda using: bikes_page(filters, page=page, using=using))
        return render_page(request, bikes, lambda bike: bike_json(bike, request))


class BikeView(ApiView):
    """One bike."""

    path_examples = BIKE_IN_PATH

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
        if circle is not None:
            page = read_page(request, order=NEAR_STATION_ORDER)
            found = from_replica(lambda using: stations_near(circle, page=page, using=using))
        else:
            page = read_page(request, order=NAME_ORDER)
            found = from_replica(lambda using: stations_page(page=page, using=using))
        return render_page(request, found, station_json)


class StationView(ApiView):
    """One station."""

    path_examples = STATION_IN_PATH

    @documented(summary="One station", success={200: StationOutput}, errors=[StationNotFoundError])
    def get(self, request: Request, station_id: UUID) -> Response:
        return Response(station_json(station_row(station_id=station_id)))
