"""Refusals. A refusal is an expected answer, not a bug: it has a stable code and a sentence for people.
The API turns it into a response."""

from enum import Enum
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(Enum):
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    REUSED = "reused"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"


class Refusal(Exception):
    """Base of every refusal."""

    kind: ClassVar[Kind]
    code: ClassVar[str]
    detail: ClassVar[str | Promise]
    retry_after: float | None = None  # seconds

    def __str__(self) -> str:
        return str(self.detail)

    def members(self) -> dict[str, Any]:
        """Further members of the problem document, for programs."""
        return {}


class FieldRefusal(Refusal):
    """A refusal because of one field that the client sent."""

    kind = Kind.INVALID
    code = "invalid"
    detail = _("Something in the request is not valid; see errors.")
    field: ClassVar[str]
    further_fields: ClassVar[tuple[str, ...]] = ()  # fields that get the same error
    field_code: ClassVar[str]
    field_detail: ClassVar[str | Promise]


class ThrottledError(Refusal):
    kind = Kind.THROTTLED
    code = "throttled"
    detail = _("Too many attempts. Wait before the next one.")

    def __init__(self, *args: Any, retry_after: float) -> None:
        super().__init__(*args)
        self.retry_after = retry_after


class UnavailableError(Refusal):
    kind = Kind.UNAVAILABLE
    code = "unavailable"
    detail = _("The service is away or too busy for a moment; nothing was half done. Try again.")
    retry_after = 2.0
