"""A client of the API that is logged in as a rider with a real token."""

from django.utils import timezone
from rest_framework.test import APIClient

from bikerental.users.models import User
from bikerental.users.services import session_start
from tests.factories import PASSWORD


class RiderClient(APIClient):
    def __init__(self, rider: User, **defaults: str) -> None:
        super().__init__(**defaults)
        self.rider = rider
        self.tokens = session_start(email=rider.email, password=PASSWORD, address="127.0.0.1", now=timezone.now())
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {self.tokens.access}")
