"""Parses JSON with orjson. Numbers, depth and characters are checked strictly, and all work is bounded."""

from typing import IO, Any

import orjson
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

BODY_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 64  # far more than any real body has; orjson can still write it again for a fingerprint


class TooLargeError(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = _("The body is larger than 1 MiB.")


class JSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        encoding = (parser_context or {})["request"].META.get("HTTP_CONTENT_ENCODING", "")
        if encoding.strip().lower() not in ("", "identity"):  # unpacked, a small body may be a huge one
            raise UnsupportedMediaType(encoding)
        body = stream.read(BODY_BYTES_MAX + 1)
        if len(body) > BODY_BYTES_MAX:
            raise TooLargeError
        if not body.strip():
            return {}
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            # orjson's message can quote the body
            raise ParseError(_("The body is not valid JSON.")) from error
        if not isinstance(data, dict):
            raise ParseError(_("The body must be a JSON object."))
        # Most bodies have fewer brackets than the allowed levels and need no further check.
        if body.count(b"{") + body.count(b"[") > DEPTH_MAX and _is_deeper(data, DEPTH_MAX):
            raise ParseError(_("The body is nested too deeply."))
        return data


def _is_deeper(data: Any, limit: int) -> bool:
    level = [data]
    for _step in range(limit):
        level = [inner for outer in level for inner in _values(outer) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _values(outer: Any) -> Any:
    return outer.values() if isinstance(outer, dict) else outer
