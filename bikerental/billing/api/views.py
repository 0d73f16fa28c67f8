"""The caller's account: parse, one domain call, render."""

from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.billing.api.rendering import account_json, entry_json
from bikerental.billing.api.serializers import EntryOutput, RiderAccountOutput
from bikerental.billing.selectors import NEWEST_FIRST, balances_of_rider, entries_page
from bikerental.http.operations import documented
from bikerental.http.pagination import read_page, render_page
from bikerental.http.views import ApiView
from bikerental.users.api.authentication import rider_of


class BalancesView(ApiView):
    """What the caller owes."""

    @documented(
        summary="What the caller owes",
        description=(
            "The sum of the entries in each currency: positive where the caller owes, negative where more was paid "
            "than was charged."
        ),
        success={200: RiderAccountOutput},
    )
    def get(self, request: Request) -> Response:
        return Response(account_json(balances_of_rider(rider_id=rider_of(request).pk)))


class EntriesView(ApiView):
    """What was booked on the caller's account."""

    @documented(
        summary="What was booked on the caller's account, newest first",
        description="Charges of rides, payments, adjustments, refunds, write-offs and reversals. Entries never change.",
        success={200: EntryOutput(many=True)},
        paginated=True,
    )
    def get(self, request: Request) -> Response:
        page = read_page(request, order=NEWEST_FIRST)
        return render_page(request, entries_page(rider_id=rider_of(request).pk, page=page), entry_json)
