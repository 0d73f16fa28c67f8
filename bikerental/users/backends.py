from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.utils import timezone

from bikerental.core.errors import Refusal
from bikerental.http.throttles import client_address
from bikerental.users.models import User
from bikerental.users.services import credentials_check


class EmailBackend(ModelBackend):
    """The admin's log-in, with the same check and the same guard against guessing as the API's."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        address = client_address(request) if request else ""
        try:
            return credentials_check(email=username, password=password, address=address, now=timezone.now())
        except Refusal:
            return None
