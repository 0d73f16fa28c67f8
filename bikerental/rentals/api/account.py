"""The end of an account and what is held about it: the rides have a word in both, so the
endpoints stand here and not with the users below."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.api.operations import documented
from bikerental.api.throttles import client_address
from bikerental.api.views import ApiView, read
from bikerental.fleet.api.rendering import photo_url
from bikerental.fleet.selectors import reports_of_rider
from bikerental.notifications.selectors import notifications_of_user
from bikerental.rentals.api.rendering import rental_json
from bikerental.rentals.api.serializers import ExportOutput, PasswordInput
from bikerental.rentals.exceptions import RentalInProgressError
from bikerental.rentals.selectors import rentals_for_export
from bikerental.rentals.services import rider_close
from bikerental.users.api.authentication import rider_of
from bikerental.users.api.views import ProfileView
from bikerental.users.exceptions import PasswordWrongError
from bikerental.users.selectors import sessions_of_user


class AccountView(ProfileView):
    """The caller's account."""

    @documented(
        summary="Close the account",
        description="Erases all personal data at once; the rides stay, with nobody's name on them.",
        request=PasswordInput,
        success={204: None},
        errors=[RentalInProgressError, PasswordWrongError],
        example={"password": "correct-horse-7"},
    )
    def delete(self, request: Request) -> Response:
        data = read(PasswordInput, request)
        address = client_address(request)
        rider_close(rider=rider_of(request), password=data["password"], address=address, now=timezone.now())
        return Response(status=204)


class ExportView(ApiView):
    """All that is held about the caller."""

    @documented(
        summary="Everything held about the caller",
        description="Profile, sessions, rentals, messages and reports in one document.",
        success={200: ExportOutput},
    )
    def get(self, request: Request) -> Response:
        rider = rider_of(request)
        now = timezone.now()
        document: dict[str, Any] = {
            "profile": {
                "id": str(rider.pk),
                "name": rider.name,
                "email": rider.email,
                "language": rider.language,
                "created_at": rider.created_at,
            },
            "sessions": [
                {
                    "id": str(session.pk),
                    "created_at": session.created_at,
                    "refreshed_at": session.refreshed_at,
                    "expires_at": session.expires_at,
                    "ended_at": session.ended_at,
                }
                for session in sessions_of_user(user_id=rider.pk)
            ],
            "rentals": [rental_json(row, now) for row in rentals_for_export(rider_id=rider.pk)],
            "notifications": [
                {
                    "id": str(message.pk),
                    "kind": message.kind,
                    "state": message.state,
                    "created_at": message.created_at,
                    "sent_at": message.sent_at,
                    "context": message.context,
                }
                for message in notifications_of_user(user_id=rider.pk)
            ],
            "reports": [
                {
                    "id": str(report["id"]),
                    "bike_number": report["bike__number"],
                    "kind": report["kind"],
                    "text": report["text"],
                    "state": report["state"],
                    "created_at": report["created_at"],
                    "photo": photo_url(report["photo"], request) if report["photo"] else None,
                }
                for report in reports_of_rider(rider_id=rider.pk)
            ],
        }
        return Response(document)
