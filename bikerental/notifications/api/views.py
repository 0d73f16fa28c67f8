"""Endpoints that send mail: registration, confirmation, password reset. And the endpoint for the reports of SNS."""

from django.utils import timezone
from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.http.operations import documented
from bikerental.http.parsers import JSONParser
from bikerental.http.throttles import LoginThrottle, RegisterThrottle, client_address
from bikerental.http.views import ApiView, read
from bikerental.notifications.services import (
    confirmation_request,
    password_reset_request,
    rider_register,
    sns_message_handle,
)
from bikerental.users.api.authentication import rider_of
from bikerental.users.api.serializers import RegisteredOutput, RegisterInput, ResetInput
from bikerental.users.api.views import OpenView
from bikerental.users.constants import EXAMPLE_EMAIL
from bikerental.users.exceptions import EmailTakenError


class RegisterView(OpenView):
    throttle_classes = [RegisterThrottle]

    @documented(
        summary="Open an account",
        operation_id="auth_register",
        description="The e-mail is stored trimmed, in NFKC and lower case, with its domain in punycode. "
        "The password is normalised to NFC before its length is checked. "
        "Messages to the rider are in the language of this request. Until the e-mail is confirmed, it gets only "
        "links: to confirm it, or to reset the password.",
        request=RegisterInput,
        success={201: RegisteredOutput},
        errors=[EmailTakenError],
        example={"name": "Rider", "email": "rider@example.org", "password": "correct-horse-7"},
    )
    def post(self, request: Request) -> Response:
        data = read(RegisterInput, request)
        user = rider_register(**data, language=get_language() or "en", now=timezone.now())
        return Response(RegisteredOutput(user).data, status=201)


class ResendView(ApiView):
    @documented(
        summary="Ask for another link that confirms the e-mail",
        operation_id="auth_email_resend",
        description="Its token is for `POST auth/email/confirm/`. A confirmed e-mail gets no link. After several "
        "requests, the wait before the next one doubles each time, up to an hour.",
        success={202: None},
        errors=[],
    )
    def post(self, request: Request) -> Response:
        confirmation_request(user=rider_of(request), address=client_address(request), now=timezone.now())
        return Response({}, status=202)


class ResetView(OpenView):
    throttle_classes = [LoginThrottle]

    @documented(
        summary="Ask for another password",
        description="A link goes to the account's e-mail; its token is for `POST auth/password/reset/confirm/`, "
        "once, for 10 minutes. The answer is the same whether there is such an account or not. After several "
        "requests for one e-mail, the wait before the next one doubles each time, up to an hour.",
        request=ResetInput,
        success={202: None},
        example={"email": EXAMPLE_EMAIL},
    )
    def post(self, request: Request) -> Response:
        data = read(ResetInput, request)
        password_reset_request(
            **data, language=get_language() or "en", address=client_address(request), now=timezone.now()
        )
        return Response({}, status=202)


class PlainTextParser(JSONParser):
    """The content type of SNS's messages, which are JSON."""

    media_type = "text/plain"


class SnsView(OpenView):
    """For SNS only, so it is not in the Swagger document. A message proves by its signature who sent it."""

    parser_classes = [PlainTextParser, JSONParser]

    def post(self, request: Request) -> Response:
        sns_message_handle(document=dict(request.data), now=timezone.now())
        return Response({})
