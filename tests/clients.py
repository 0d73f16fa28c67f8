"""Clients that are logged in: to the API as a rider with a real token, to the admin as a superuser."""

from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from bikerental.users.models import User
from bikerental.users.services import session_start
from tests.factories import PASSWORD, make_user


class RiderClient(APIClient):
    def __init__(self, rider: User, **defaults: str) -> None:
        super().__init__(**defaults)
        self.rider = rider
        self.tokens = session_start(email=rider.email, password=PASSWORD, address="127.0.0.1", now=timezone.now())
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {self.tokens.access}")


def operator_client() -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client
