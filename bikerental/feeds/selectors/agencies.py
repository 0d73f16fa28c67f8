"""Finds the agency of a token."""

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from bikerental.feeds.models import Agency


class AgencyRow(NamedTuple):
    id: UUID
    last_used_at: datetime | None


def token_digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def agency_of_token(token: str) -> AgencyRow | None:
    """The agency whose token is in force. One statement."""
    agencies = Agency.objects.filter(token_digest=token_digest(token), ended_at=None)
    row = agencies.values_list(*AgencyRow._fields).first()
    return None if row is None else AgencyRow(*row)


def has_agency_token(*, name: str) -> bool:
    """Whether an agency of this name has a token in force. One statement."""
    return Agency.objects.filter(name=name, ended_at=None).exists()
