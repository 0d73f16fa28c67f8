"""What a photo must be, and what is published of it."""

import re
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageOps

from bikerental.core.errors import UnavailableError
from bikerental.fleet.constants import LARGE_PX, PHOTO_BYTES_MAX, PHOTO_PIXELS_MAX, SMALL_PX
from bikerental.fleet.exceptions import (
    PhotoAnimatedError,
    PhotoDamagedError,
    PhotoEmptyError,
    PhotoInvalidError,
    PhotoPixelsError,
    PhotoTooLargeError,
)

# The size is checked right after the header was read and before a pixel is; Pillow's own cap warns first.
Image.MAX_IMAGE_PIXELS = None
FORMATS = ("JPEG", "PNG")
READ_AS = {*FORMATS, "MPO"}  # a phone's JPEG with more pictures behind the first
SCANS_MAX = 64  # a progressive JPEG has about ten; each costs the decoder a pass over all pixels
WEBP_QUALITY = 80
BUSY_SECONDS = 5.0

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_NO_LENGTH = {0x01, *range(0xD0, 0xD8)}
_FOREIGN = re.compile(rb"<script|<\?php|<svg[\s>]|<html[\s>]|<!doctype|%pdf-|^#!/", re.IGNORECASE | re.MULTILINE)
_ONE_AT_A_TIME = threading.BoundedSemaphore(1)


@contextmanager
def _decoding() -> Iterator[None]:
    """A photo within the caps takes up to 200 MB while it is decoded: one at a time in a process."""
    if not _ONE_AT_A_TIME.acquire(timeout=BUSY_SECONDS):
        raise UnavailableError
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def photo_check(data: bytes) -> None:
    """Whether it is one whole picture and nothing besides.

    :raises PhotoEmptyError: of no bytes
    :raises PhotoTooLargeError: of more than PHOTO_BYTES_MAX
    :raises PhotoInvalidError: if it is another format, or another kind of file as well
    :raises PhotoPixelsError: of too many pixels, known before they are unpacked
    :raises PhotoAnimatedError: of more than one frame
    :raises PhotoDamagedError: if it is cut short or cannot be decoded
    :raises UnavailableError: while others are decoded for longer than BUSY_SECONDS
    """
    with _decoding(), _opened(data) as image:
        image.draft("RGB", (LARGE_PX, LARGE_PX))  # a JPEG unpacks to no more than is published
        _load(image)


def photo_publish(data: bytes) -> tuple[bytes, bytes]:
    """WebP of at most 1600 and of at most 320 pixels a side: turned upright, and with nothing beside the pixels.

    :raises FieldRefusal: as `photo_check`
    """
    with _decoding(), _opened(data) as image:
        image.draft("RGB", (LARGE_PX, LARGE_PX))
        _load(image)
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return _webp(upright, LARGE_PX), _webp(upright, SMALL_PX)


def _webp(image: Image.Image, side: int) -> bytes:
    small = image.copy()
    small.thumbnail((side, side))
    small.info.clear()
    output = BytesIO()
    small.save(output, "WEBP", quality=WEBP_QUALITY, exif=b"", icc_profile=None, xmp=b"")
    return output.getvalue()


def _opened(data: bytes) -> Image.Image:
    if not data:
        raise PhotoEmptyError
    if len(data) > PHOTO_BYTES_MAX:
        raise PhotoTooLargeError
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except _BROKEN as error:
        raise PhotoInvalidError from error
    if image.format not in READ_AS:
        raise PhotoInvalidError
    if image.width * image.height > PHOTO_PIXELS_MAX:
        raise PhotoPixelsError
    if image.format == "PNG" and getattr(image, "is_animated", False):
        raise PhotoAnimatedError
    _refuse_foreign(data, is_png=image.format == "PNG")
    return image


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except _BROKEN as error:
        raise PhotoDamagedError from error


def _refuse_foreign(data: bytes, *, is_png: bool) -> None:
    """A file that is a picture to one program and a page, a script or an archive to another."""
    try:
        outside = _outside_of_png(data) if is_png else _outside_of_jpeg(data)
    except (IndexError, struct.error) as error:  # ends before its end marker
        raise PhotoDamagedError from error
    if _FOREIGN.search(outside) or zipfile.is_zipfile(BytesIO(data)):
        raise PhotoInvalidError


def _outside_of_png(data: bytes) -> bytes:
    """All but the pixels; nothing may follow the end."""
    outside, position, kind = bytearray(), 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if kind != b"IDAT":
            outside += data[position:end]
        position = end
    if data[position:].strip(b"\0"):
        raise PhotoInvalidError
    return bytes(outside)


def _outside_of_jpeg(data: bytes) -> bytes:
    """Segments before and between the scans, and what follows the end: a phone's second picture, for one."""
    outside, position, scans = bytearray(), 2, 0
    while True:
        while data[position + 1] == 0xFF:  # fill bytes
            position += 1
        marker = data[position + 1]
        if data[position] != 0xFF or marker in _NO_LENGTH:
            raise PhotoDamagedError
        if marker == _EOI:
            return bytes(outside + data[position + 2 :])
        end = position + 2 + max(2, struct.unpack_from(">H", data, position + 2)[0])
        outside += data[position:end]
        if marker == _SOS:
            scans += 1
            end = _scan_end(data, end)
        if scans > SCANS_MAX:
            raise PhotoInvalidError
        position = end


def _scan_end(data: bytes, position: int) -> int:
    """Where the next marker stands; FF 00 and the restart markers are part of a scan."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0:
            raise PhotoDamagedError
        if data[position + 1] != 0 and data[position + 1] not in _NO_LENGTH:
            return position
        position += 2
