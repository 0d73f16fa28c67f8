"""Authenticates an agency by its bearer token. A rider's token is none here, and an agency's is none elsewhere."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from bikerental.feeds.selectors.agencies import AgencyRow, agency_of_token
from bikerental.http.throttles import RateThrottle


def agency_of(request: Request) -> AgencyRow:
    """The caller, in a view that requires an agency's token."""
    if not isinstance(request.auth, AgencyRow):
        raise NotAuthenticated
    return request.auth


class AgencyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. One statement for each request, so an ended token stops working at once."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, AgencyRow] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        agency = agency_of_token(token.strip())
        if agency is None:
            raise AuthenticationFailed
        return AnonymousUser(), agency

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class AgencyPermission(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, AgencyRow)


class AgencyThrottle(RateThrottle):
    scope = "agency"

    def client_of(self, request: Request) -> str | None:
        return str(agency_of(request).id)
