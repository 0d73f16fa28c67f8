"""What an uploaded photo must be."""

from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from bikerental.fleet.constants import PHOTO_BYTES_MAX, PHOTO_PIXELS_MAX
from bikerental.fleet.exceptions import PhotoInvalidError, PhotoTooLargeError

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # these three are tables
# Application segments and comments; but JFIF and Adobe say how to read the colours.
_DROPPED = {*range(0xE0, 0xF0), 0xFE} - {0xE0, 0xEE}
_NO_LENGTH = {0x01, *range(0xD0, 0xD8)}


def photo_clean(photo: "UploadedFile[Any]") -> bytes:
    """The JPEG without what it tells about the camera, the place and whatever was hung on behind.

    :raises PhotoTooLargeError: before the file is read
    :raises PhotoInvalidError: if it is another format, cut short, or of too many pixels
    """
    if photo.size is None or photo.size > PHOTO_BYTES_MAX:
        raise PhotoTooLargeError
    data = photo.read()
    try:
        return _jpeg_strip(data)
    except IndexError as error:  # ends before its end marker
        raise PhotoInvalidError from error


def _jpeg_strip(data: bytes) -> bytes:
    if data[:2] != bytes((0xFF, _START)):
        raise PhotoInvalidError
    kept = bytearray(data[:2])
    markers = set()
    for marker, segment in _segments(data):
        markers.add(marker)
        if marker in _FRAMES:
            _check_size(segment)
        if marker not in _DROPPED:
            kept += segment
    if not markers & _FRAMES or _SCAN not in markers:
        raise PhotoInvalidError
    return bytes(kept)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with all that belongs to it, up to the end marker and no further."""
    position, marker = 2, _START
    while marker != _END:
        marker = data[position + 1]
        if data[position] != 0xFF or marker in _NO_LENGTH:
            raise PhotoInvalidError
        end = position + 2
        if marker != _END:
            end += max(2, int.from_bytes(data[end : end + 2], "big"))
        if marker == _SCAN:
            end = _scan_end(data, end)
        yield marker, data[position:end]
        position = end


def _check_size(frame: bytes) -> None:
    height, width = int.from_bytes(frame[5:7], "big"), int.from_bytes(frame[7:9], "big")
    if not 0 < height * width <= PHOTO_PIXELS_MAX:
        raise PhotoInvalidError


def _scan_end(data: bytes, position: int) -> int:
    """Where the next marker stands; FF 00 and the restart markers are part of a scan."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0:
            raise PhotoInvalidError
        following = data[position + 1]
        if following != 0 and following not in _NO_LENGTH:
            return position
        position += 2
