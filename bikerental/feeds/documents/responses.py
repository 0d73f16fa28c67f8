"""The HTTP response to a request for a public file: status, headers and body. It uses no framework.

Strangers choose the headers, so each header is read once, from left to right.
"""

import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.utils.http import parse_http_date_safe

from bikerental.feeds.constants import PREFIX
from bikerental.feeds.documents.packing import GZIP, LEVEL
from bikerental.feeds.types import File

CHUNK = 64 * 1024
DATE_LENGTH_MAX = 40
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PREFLIGHT_HEADERS = {
    **CORS_HEADERS,
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "if-modified-since, if-none-match, x-request-id",
    "Access-Control-Max-Age": "86400",
}
# The URLs in these files get the host and the scheme of the request.
_WITH_URLS = ("gbfs.json", "gbfs_versions.json")


class RequestHead(NamedTuple):
    """The parts of a request that decide the response."""

    is_head: bool
    base: str  # such as https://bikes.example
    accept_encoding: str
    if_none_match: str
    if_modified_since: str


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: "Iterator[bytes] | list[bytes]"


def request_head(meta: Mapping[str, Any], *, base: str) -> RequestHead:
    """The head of a WSGI request.

    :param meta: the request's WSGI variables
    :param base: scheme and host of the request
    """
    return RequestHead(
        is_head=meta["REQUEST_METHOD"] == "HEAD",
        base=base,
        accept_encoding=meta.get("HTTP_ACCEPT_ENCODING", ""),
        if_none_match=meta.get("HTTP_IF_NONE_MATCH", ""),
        if_modified_since=meta.get("HTTP_IF_MODIFIED_SINCE", ""),
    )


def respond(file: File, asked: RequestHead) -> Response:
    if file.name.endswith(_WITH_URLS):
        file = _with_base(file, asked.base)
    headers = {
        **CORS_HEADERS,
        "Cache-Control": f"public, max-age={file.ttl}",
        "ETag": file.etag,
        "Last-Modified": format_datetime(file.updated_at.astimezone(UTC), usegmt=True),
        "Vary": "Accept-Encoding",
    }
    if _is_known(file, asked):
        return Response(304, headers, [])
    headers["Content-Type"] = "application/json"
    if takes_gzip(asked.accept_encoding):
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(file.body))}
        return Response(200, headers, [] if asked.is_head else [file.body])
    headers["Content-Length"] = str(file.size)
    return Response(200, headers, [] if asked.is_head else _unpacked(file.body))


def _is_known(file: File, asked: RequestHead) -> bool:
    """Whether the caller has this state of the file. With a tag, the date does not count (RFC 9110, 13.2.2)."""
    if asked.if_none_match:
        tag = file.etag.removeprefix("W/")
        sent = [each.strip() for each in asked.if_none_match.split(",")]
        return "*" in sent or any(each.removeprefix("W/") == tag for each in sent)
    if not asked.if_modified_since or len(asked.if_modified_since) > DATE_LENGTH_MAX:
        return False
    since = parse_http_date_safe(asked.if_modified_since)
    return since is not None and int(file.updated_at.timestamp()) <= since


def takes_gzip(accept_encoding: str) -> bool:
    qualities = dict(_codings(accept_encoding))
    return qualities.get("gzip", qualities.get("*", "0")).strip(" 0.") != ""


def _codings(accept_encoding: str) -> Iterator[tuple[str, str]]:
    """Each coding with its quality as a text."""
    for each in accept_encoding.lower().split(","):
        coding, _, parameter = each.partition(";")
        yield coding.strip(), parameter.partition("=")[2] or "1"


def _unpacked(body: bytes) -> Iterator[bytes]:
    """The text in chunks, so that many callers without gzip do not take 28 MB of memory each."""
    unpacker = zlib.decompressobj(GZIP)
    while not unpacker.eof:
        yield unpacker.decompress(body, CHUNK)
        body = unpacker.unconsumed_tail


# A stranger may choose the host, if ALLOWED_HOSTS has a wildcard.
@lru_cache(maxsize=32)
def _with_base(file: File, base: str) -> File:
    text = zlib.decompress(file.body, GZIP).replace(f'"url":"{PREFIX}'.encode(), f'"url":"{base}{PREFIX}'.encode())
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return file._replace(body=packer.compress(text) + packer.flush(), size=len(text))
