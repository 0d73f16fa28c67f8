"""The reservation endpoints: parse, one domain call, render."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.billing.exceptions import DebtTooHighError
from bikerental.core.db.clock import database_now
from bikerental.fleet.exceptions import BikeNotFoundError, BikeUnavailableError
from bikerental.http.idempotency import answer_once
from bikerental.http.operations import documented
from bikerental.http.views import ApiView, read
from bikerental.rentals.api.serializers import RentalStartInput, ReservationOutput
from bikerental.rentals.exceptions import (
    NoActiveReservationError,
    RentalInProgressError,
    ReservationInProgressError,
    ReservationNotActiveError,
    ReservationNotFoundError,
    ReservationRefusedError,
    ReservationsOffError,
)
from bikerental.rentals.selectors import reservation_active_of_rider
from bikerental.rentals.services import reservation_cancel, reservation_start
from bikerental.rentals.types import ReservationRow
from bikerental.users.api.authentication import rider_of
from bikerental.users.exceptions import EmailNotConfirmedError


def reservation_json(reservation: ReservationRow) -> dict[str, Any]:
    return {
        "id": reservation.id,
        "status": reservation.status,
        "bike": {
            "id": reservation.bike_id,
            "number": reservation.bike_number,
            "model": reservation.model.json,
        },
        "created_at": reservation.created_at,
        "expires_at": reservation.expires_at,
        "ended_at": reservation.ended_at,
    }


class ReservationsView(ApiView):
    """Bikes held for the caller."""

    @documented(
        summary="Reserve a bike",
        description=(
            "The bike waits for the caller until `expires_at`, free of charge. One at a time, and none while riding. "
            "Renting the bike uses the reservation, renting another one gives it up. 409 `reservation_refused` with "
            "`Retry-After`: the caller has reserved this bike, or too many others, without riding them."
        ),
        request=RentalStartInput,
        success={201: ReservationOutput},
        errors=[
            EmailNotConfirmedError,
            DebtTooHighError,
            ReservationsOffError,
            BikeNotFoundError,
            BikeUnavailableError,
            RentalInProgressError,
            ReservationInProgressError,
            ReservationRefusedError,
        ],
        example={"bike_number": "D-000001"},
        headers=["Idempotency-Key"],
    )
    def post(self, request: Request) -> HttpResponse:
        data = read(RentalStartInput, request)

        def respond() -> Response:
            reservation = reservation_start(
                rider_id=rider_of(request).pk,
                bike_id=data.get("bike"),
                bike_number=data.get("bike_number"),
                now=database_now(),
            )
            return Response(reservation_json(reservation), status=201)

        return answer_once(request, rider_id=rider_of(request).pk, route="POST reservations/", respond=respond)


class CurrentReservationView(ApiView):
    """The bike that is held for the caller."""

    @documented(summary="The active reservation", success={200: ReservationOutput}, errors=[NoActiveReservationError])
    def get(self, request: Request) -> Response:
        return Response(reservation_json(reservation_active_of_rider(rider_id=rider_of(request).pk)))


class ReservationView(ApiView):
    """One reservation of the caller's."""

    @documented(
        summary="Cancel a reservation",
        success={204: None},
        errors=[ReservationNotFoundError, ReservationNotActiveError],
    )
    def delete(self, request: Request, reservation_id: UUID) -> Response:
        reservation_cancel(reservation_id=reservation_id, rider_id=rider_of(request).pk, now=database_now())
        return Response(status=204)
