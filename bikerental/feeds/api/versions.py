"""Which version of MDS a client asks for, in its Accept header."""

from typing import Any

from rest_framework.exceptions import NotAcceptable

VERSION = "2.0"
JSON_TYPE, CSV_TYPE = "application/vnd.mds+json", "text/vnd.mds+csv"
# Types that name no version get ours.
PLAIN_TYPES = ("*/*", "application/*", "application/json", "text/*", "text/csv")


def media_type(name: str) -> str:
    return f"{name};version={VERSION}"


def require_version(accept: str | None) -> None:
    """A request without the header, or one that takes any JSON, gets version 2.0.

    :raises NotAcceptable: if the header names only other types or versions
    """
    if accept and not any(map(_is_ours, accept.split(","))):
        raise NotAcceptable


def _is_ours(media_range: str) -> bool:
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    given: dict[str, Any] = {key.strip(): value.strip().strip('"') for key, _, value in map(_split, parameters)}
    if _is_zero(given.get("q", "1")):
        return False
    return name in PLAIN_TYPES or (name in (JSON_TYPE, CSV_TYPE) and given.get("version", VERSION) == VERSION)


def _split(parameter: str) -> tuple[str, str, str]:
    return parameter.partition("=")


def _is_zero(quality: str) -> bool:
    return quality.rstrip("0") in ("", "0.")
