"""The claim endpoints: parse, one domain call, render."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.claims.api.rendering import claim_json
from bikerental.claims.api.serializers import ClaimInput, ClaimOutput
from bikerental.claims.exceptions import (
    ClaimedEndInvalidError,
    ClaimInProgressError,
    ClaimNotFoundError,
    ClaimTooLateError,
)
from bikerental.claims.selectors import NEWEST_FIRST, claim_of_rider, claims_page
from bikerental.claims.services import claim_open
from bikerental.core.db.clock import database_now
from bikerental.fleet.exceptions import PlaceRefusedError, StationNotFoundError
from bikerental.http.idempotency import answer_once
from bikerental.http.operations import documented
from bikerental.http.pagination import read_page, render_page
from bikerental.http.views import ApiView, read
from bikerental.rentals.exceptions import RentalNotFoundError
from bikerental.users.api.authentication import rider_of


class ClaimsOfRentalView(ApiView):
    """Disputes a ride of the caller's."""

    @documented(
        summary="Dispute a ride",
        description=(
            "`returned_earlier` ends a ride that still runs: the ride is charged until now, and the bike is in "
            "maintenance at the claimed place until an operator has inspected it. Without a place, the bike counts as "
            "left where it was taken. An operator decides the claim. The caller gets a mail, and a reduction is a line "
            "of the ride's cost."
        ),
        request=ClaimInput,
        success={201: ClaimOutput},
        errors=[
            ClaimedEndInvalidError,
            PlaceRefusedError,
            RentalNotFoundError,
            StationNotFoundError,
            ClaimInProgressError,
            ClaimTooLateError,
        ],
        example={"kind": "returned_earlier", "text": "I locked it at the harbour, and the ride ran on."},
        headers=["Idempotency-Key", "Location"],
    )
    def post(self, request: Request, rental_id: UUID) -> HttpResponse:
        complaint = ClaimInput.complaint(read(ClaimInput, request))
        rider_id = rider_of(request).pk

        def respond() -> Response:
            claim = claim_open(rental_id=rental_id, rider_id=rider_id, complaint=complaint, now=database_now())
            location = request.build_absolute_uri(reverse("claim", args=[claim.id]))
            return Response(claim_json(claim), status=201, headers={"Location": location})

        # The scope of a key is the claims, not the rentals: answers kept for rentals are rides.
        return answer_once(request, rider_id=rider_id, route=f"POST claims/{rental_id}/", respond=respond)


class ClaimsView(ApiView):
    """The caller's claims."""

    @documented(summary="The caller's claims, newest first", success={200: ClaimOutput(many=True)}, paginated=True)
    def get(self, request: Request) -> Response:
        page = read_page(request, order=NEWEST_FIRST)
        return render_page(request, claims_page(rider_id=rider_of(request).pk, page=page), claim_json)


class ClaimView(ApiView):
    """One claim of the caller's."""

    @documented(summary="One claim", success={200: ClaimOutput}, errors=[ClaimNotFoundError])
    def get(self, request: Request, claim_id: UUID) -> Response:
        return Response(claim_json(claim_of_rider(claim_id=claim_id, rider_id=rider_of(request).pk)))
