"""Tokens of agencies: made, used, ended."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError

from bikerental.core.db.transactions import constraint_name, unit_of_work
from bikerental.feeds.exceptions import AgencyHasTokenError, NoAgencyError
from bikerental.feeds.models import Agency
from bikerental.feeds.selectors.agencies import AgencyRow, has_agency_token, token_digest

TOKEN_BYTES = 32
USE_RECORDED_EVERY = timedelta(hours=1)


class NewAgency(NamedTuple):
    id: UUID
    token: str  # kept nowhere


@unit_of_work
def agency_add(*, name: str, now: datetime) -> NewAgency:
    """:raises AgencyHasTokenError: if an agency of this name has a token"""
    if has_agency_token(name=name):
        raise AgencyHasTokenError
    token = f"mds_{secrets.token_urlsafe(TOKEN_BYTES)}"
    try:
        agency = Agency.objects.create(name=name, token_digest=token_digest(token), created_at=now)
    except IntegrityError as error:  # of two at once
        if constraint_name(error) != "agency_one_token_a_name":
            raise
        raise AgencyHasTokenError from error
    return NewAgency(agency.pk, token)


@unit_of_work
def agency_replace_token(*, name: str, now: datetime) -> NewAgency:
    """End the agency's token and make another one.

    :raises NoAgencyError: if no agency of this name has a token
    """
    agency_end(name=name, now=now)
    return agency_add(name=name, now=now)


def agency_end(*, name: str, now: datetime) -> None:
    """:raises NoAgencyError: if no agency of this name has a token"""
    if not Agency.objects.filter(name=name, ended_at=None).update(ended_at=now):
        raise NoAgencyError


def agencies_end(*, agency_ids: Sequence[UUID], now: datetime) -> int:
    """End these tokens. Returns how many were in force."""
    return Agency.objects.filter(pk__in=agency_ids, ended_at=None).update(ended_at=now)


def agency_record_use(*, agency: AgencyRow, now: datetime) -> None:
    """Record when the token was used last. One statement in an hour, otherwise none."""
    if agency.last_used_at is None or now - agency.last_used_at >= USE_RECORDED_EVERY:
        Agency.objects.filter(pk=agency.id).update(last_used_at=now)
