"""Accounts over HTTP: log-in, refresh, log-out, the profile."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.http.operations import documented
from bikerental.http.throttles import LoginThrottle, client_address
from bikerental.http.views import ApiView, read
from bikerental.users.api.authentication import rider_of, session_of
from bikerental.users.api.serializers import (
    EmailConfirmInput,
    LoginInput,
    PasswordChangeInput,
    ProfileInput,
    ProfileOutput,
    RefreshInput,
    ResetConfirmInput,
    TokenPairOutput,
    VerifyInput,
)
from bikerental.users.constants import EXAMPLE_EMAIL, EXAMPLE_PASSWORD
from bikerental.users.exceptions import (
    CredentialsInvalidError,
    EmailTokenInvalidError,
    PasswordWrongError,
    ResetTokenInvalidError,
    TokenInvalidError,
)
from bikerental.users.services import (
    email_confirm,
    password_change,
    password_reset_confirm,
    profile_update,
    session_end,
    session_refresh,
    session_start,
    token_verify,
)


class OpenView(ApiView):
    """Views without authentication. A token in the request is ignored, because it has often expired."""

    authentication_classes: Sequence[Any] = ()
    permission_classes: Sequence[Any] = ()


class LoginView(OpenView):
    throttle_classes = [LoginThrottle]

    @documented(
        summary="Log in",
        operation_id="auth_token_create",
        description="Starts a separate session for this device. After several wrong passwords, the wait before "
        "the next attempt doubles each time, up to an hour.",
        request=LoginInput,
        success={200: TokenPairOutput},
        errors=[CredentialsInvalidError],
        example={"email": EXAMPLE_EMAIL, "password": EXAMPLE_PASSWORD},
    )
    def post(self, request: Request) -> Response:
        data = read(LoginInput, request)
        pair = session_start(**data, address=client_address(request), now=timezone.now())
        return Response(TokenPairOutput(pair).data)


class RefreshView(OpenView):
    @documented(
        summary="Spend a refresh token for a new pair",
        description="The old refresh token is spent. For `REFRESH_GRACE_SECONDS` (60), unless the new token was "
        "used, the old token returns the same new refresh token, for clients that lost the answer. If the old token "
        "is used later, the whole session ends.",
        request=RefreshInput,
        success={200: TokenPairOutput},
        errors=[TokenInvalidError],
        example={"refresh": "eyJ..."},
    )
    def post(self, request: Request) -> Response:
        data = read(RefreshInput, request)
        return Response(TokenPairOutput(session_refresh(**data, now=timezone.now())).data)


class VerifyView(OpenView):
    @documented(
        summary="Check a token",
        description="An access or a refresh token.",
        request=VerifyInput,
        success={200: None},
        errors=[TokenInvalidError],
        example={"token": "eyJ..."},
    )
    def post(self, request: Request) -> Response:
        token_verify(**read(VerifyInput, request))
        return Response({})


class LogoutView(ApiView):
    @documented(
        summary="Log out",
        description="Ends the session of the refresh token, its access tokens included.",
        request=RefreshInput,
        success={204: None},
        errors=[TokenInvalidError],
        example={"refresh": "eyJ..."},
    )
    def post(self, request: Request) -> Response:
        data = read(RefreshInput, request)
        session_end(**data, user_id=rider_of(request).pk, now=timezone.now())
        return Response(status=204)


class PasswordView(ApiView):
    @documented(
        summary="Change the password",
        operation_id="me_password_change",
        description="Every other session ends.",
        request=PasswordChangeInput,
        success={204: None},
        errors=[PasswordWrongError],
        example={"current_password": EXAMPLE_PASSWORD, "new_password": "correct-horse-8"},
    )
    def post(self, request: Request) -> Response:
        data = read(PasswordChangeInput, request)
        rider, session_id = rider_of(request), session_of(request)
        address = client_address(request)
        password_change(**data, user=rider, session_id=session_id, address=address, now=timezone.now())
        return Response(status=204)


class ResetConfirmView(OpenView):
    throttle_classes = [LoginThrottle]

    @documented(
        summary="Set a new password with the token from a mail",
        description="The token is valid once, for 10 minutes, until another password is set. "
        "Every session of the account ends; log in with the new password.",
        request=ResetConfirmInput,
        success={204: None},
        errors=[ResetTokenInvalidError],
        example={"token": "0197a0000000700080000000000000a1.d0i9zr-5f2c", "new_password": "correct-horse-8"},
    )
    def post(self, request: Request) -> Response:
        data = read(ResetConfirmInput, request)
        password_reset_confirm(**data, address=client_address(request), now=timezone.now())
        return Response(status=204)


class EmailConfirmView(OpenView):
    throttle_classes = [LoginThrottle]

    @documented(
        summary="Confirm an e-mail with the token from a mail",
        operation_id="auth_email_confirm",
        description="The token is valid once, for three days, as long as the account keeps that e-mail.",
        request=EmailConfirmInput,
        success={204: None},
        errors=[EmailTokenInvalidError],
        example={"token": "0197a0000000700080000000000000a1.d0i9zr-5f2c"},
    )
    def post(self, request: Request) -> Response:
        email_confirm(**read(EmailConfirmInput, request), now=timezone.now())
        return Response(status=204)


class ProfileView(ApiView):
    """The caller's account. `accounts`, which can also close it, routes this view."""

    @documented(summary="The caller's profile", success={200: ProfileOutput})
    def get(self, request: Request) -> Response:
        return Response(ProfileOutput(rider_of(request)).data)

    @documented(
        summary="Change the profile",
        description="Fields that are not sent stay unchanged. The next message uses the new `language`.",
        request=ProfileInput,
        success={200: ProfileOutput},
        example={"name": "Rider", "language": "en"},
    )
    def patch(self, request: Request) -> Response:
        data = read(ProfileInput, request)
        rider = rider_of(request)
        if data:
            rider = profile_update(**data, user=rider)
        return Response(ProfileOutput(rider).data)
