"""The price of a ride before it begins."""

from datetime import timedelta
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.core.db.clock import database_now
from bikerental.fleet.api.serializers import BIKE_IN_PATH
from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.fleet.selectors import bike_row
from bikerental.http.operations import documented
from bikerental.http.views import ApiView, read_query
from bikerental.rentals.api.rendering import cost_json
from bikerental.rentals.api.serializers import QuoteOutput, QuoteQuery
from bikerental.rentals.pricing import price


class QuoteView(ApiView):
    """What a ride would cost."""

    path_examples = BIKE_IN_PATH

    @documented(
        summary="The cost of a ride of this many minutes",
        description=(
            "Uses the bike's current tariff. The bike need not be free. The same function prices rides. A ride keeps "
            "the tariff that it began with."
        ),
        query=QuoteQuery,
        success={200: QuoteOutput},
        errors=[BikeNotFoundError],
    )
    def get(self, request: Request, bike_id: UUID) -> Response:
        minutes = read_query(QuoteQuery, request)["minutes"]
        terms = bike_row(bike_id=bike_id).terms
        now = database_now()
        cost = price(terms, started_at=now, ended_at=now + timedelta(minutes=minutes))
        return Response({"minutes": minutes, "tariff": terms.json, "cost": cost_json(cost, terms)})
