"""Asking for another password, which is answered by mail; and the door that SNS reports through."""

from django.utils import timezone
from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.api.operations import documented
from bikerental.api.parsers import JSONParser
from bikerental.api.throttles import LoginThrottle, client_address
from bikerental.api.views import read
from bikerental.notifications.services import password_reset_request, sns_message_take
from bikerental.users.api.serializers import ResetInput
from bikerental.users.api.views import OpenView


class ResetView(OpenView):
    throttle_classes = [LoginThrottle]

    @documented(
        summary="Ask for another password",
        description="A link goes to the account's e-mail; its token is for `POST auth/password/reset/confirm/`, "
        "once, for 10 minutes. The answer is the same whether there is such an account or not. After several "
        "requests for one e-mail each further one waits twice as long as the one before, an hour at most.",
        request=ResetInput,
        success={202: None},
        example={"email": "rider@example.org"},
    )
    def post(self, request: Request) -> Response:
        data = read(ResetInput, request)
        password_reset_request(
            **data, language=get_language() or "en", address=client_address(request), now=timezone.now()
        )
        return Response({}, status=202)


class PlainTextParser(JSONParser):
    """What SNS calls its JSON."""

    media_type = "text/plain"


class SnsView(OpenView):
    """For SNS alone, so no part of the document for clients: a message proves by its signature who sent it."""

    parser_classes = [PlainTextParser, JSONParser]

    def post(self, request: Request) -> Response:
        sns_message_take(document=dict(request.data), now=timezone.now())
        return Response({})
