"""The caller's account, and closing it."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.accounts.api.serializers import PasswordInput
from bikerental.accounts.services import account_erase
from bikerental.http.operations import documented
from bikerental.http.throttles import client_address
from bikerental.http.views import read
from bikerental.rentals.exceptions import RentalInProgressError
from bikerental.users.api.authentication import rider_of
from bikerental.users.api.views import ProfileView
from bikerental.users.constants import EXAMPLE_PASSWORD
from bikerental.users.exceptions import PasswordWrongError


class AccountView(ProfileView):
    """The caller's account."""

    @documented(
        summary="Close the account",
        description="Erases all personal data at once. The rides stay, anonymised.",
        request=PasswordInput,
        success={204: None},
        errors=[RentalInProgressError, PasswordWrongError],
        example={"password": EXAMPLE_PASSWORD},
    )
    def delete(self, request: Request) -> Response:
        data = read(PasswordInput, request)
        address = client_address(request)
        account_erase(rider=rider_of(request), password=data["password"], address=address, now=timezone.now())
        return Response(status=204)
