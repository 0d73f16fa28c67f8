"""Reads the parts of a JPEG or PNG file outside its pixels, without decoding it.

Each walk is linear. A search covers WINDOW bytes at a time, so that it does not block other threads for long. Pillow
runs only after these checks.
"""

import re
import struct
import zipfile
from io import BytesIO
from typing import NamedTuple

from bikerental.media.exceptions import PhotoAnimatedError, PhotoDamagedError, PhotoInvalidError

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
WINDOW = 1 << 16
SCANS_MAX = 20  # a progressive JPEG has about ten; for each scan the decoder passes over all pixels
SEGMENTS_MAX, CHUNKS_MAX, FILL_MAX = 1000, 10_000, 64

_EOI, _SOS = 0xD9, 0xDA
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xCA}
_DECODED = {0xC0, 0xC1, 0xC9, *_PROGRESSIVE}  # with Huffman or arithmetic coding
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}
# FF 00 and the restart markers belong to a scan.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7]", re.DOTALL)
_FILL = re.compile(rb"\xff*")
# In lower case, as the checked text is.
_FOREIGN = (
    b"<script", b"<?php", b"<!doctype", b"%pdf-", b"\n#!/",
    *(tag + end for tag in (b"<svg", b"<html") for end in (b">", b" ", b"\t", b"\n", b"\r", b"\f", b"\v")),
)  # fmt: skip
FOREIGN_LONGEST = max(map(len, _FOREIGN))


class Container(NamedTuple):
    """A file without its pixels."""

    text: bytes
    # The bytes that libjpeg keeps for the whole picture while it decodes, also for a small version.
    coefficients: int = 0


def container_read(data: bytes) -> Container:
    """Read everything in the file except the pixels.

    :raises PhotoInvalidError: if it is another format, or also a file of another kind
    :raises PhotoAnimatedError: for an animated PNG
    :raises PhotoDamagedError: if the file is cut short
    """
    if not data.startswith((PNG, JPEG)):
        raise PhotoInvalidError
    try:
        outside = _png_container(data) if data.startswith(PNG) else _jpeg_container(data)
    except (IndexError, ValueError, struct.error, ZeroDivisionError) as error:  # the file ends before its end marker
        raise PhotoDamagedError from error
    if _is_foreign(outside.text) or zipfile.is_zipfile(BytesIO(data)):
        raise PhotoInvalidError
    return outside


def _is_foreign(text: bytes) -> bool:
    windows = (text[start : start + WINDOW + FOREIGN_LONGEST].lower() for start in range(0, len(text), WINDOW))
    return text.startswith(b"#!/") or any(foreign in window for window in windows for foreign in _FOREIGN)


def _png_container(data: bytes) -> Container:
    """Nothing may follow the end chunk."""
    outside, position, kind = bytearray(), len(PNG), b""
    for _ in range(CHUNKS_MAX):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if kind == b"acTL":
            raise PhotoAnimatedError
        if kind != b"IDAT":
            outside += data[position:end]
        position = end
        if kind == b"IEND":
            break
    if kind != b"IEND" or data[position:].strip(b"\0"):
        raise PhotoInvalidError
    return Container(bytes(outside))


def _jpeg_container(data: bytes) -> Container:
    """The segments before and between the scans, and the data after the end, such as a phone's second picture."""
    outside, position = bytearray(), len(JPEG)
    frames: list[int] = []
    scans: list[int] = []
    for _ in range(SEGMENTS_MAX):
        position = _skip_fill(data, position)
        marker = data[position + 1]
        if data[position] != 0xFF or marker in _NO_LENGTH:
            raise PhotoDamagedError
        if marker == _EOI:
            return Container(bytes(outside + data[position + 2 :]), _coefficients(data, frames, scans))
        end = position + 2 + max(2, struct.unpack_from(">H", data, position + 2)[0])
        outside += data[position:end]
        if marker in _FRAMES:
            frames.append(position)
        if marker == _SOS:
            scans.append(position)
            end = _scan_end(data, end)
        position = end
    raise PhotoInvalidError


def _skip_fill(data: bytes, position: int) -> int:
    """The position of the last FF before a marker."""
    fill = _FILL.match(data, position, position + FILL_MAX + 2)
    if fill is None or fill.end() - position > FILL_MAX:
        raise PhotoInvalidError
    return max(position, fill.end() - 1)


def _coefficients(data: bytes, frames: list[int], scans: list[int]) -> int:
    """The bytes of all coefficients, two for each sample of each component. 0 if the picture has only one scan."""
    if len(frames) != 1 or len(scans) > SCANS_MAX or data[frames[0] + 1] not in _DECODED:
        raise PhotoInvalidError
    frame = frames[0]
    height, width, count = map(int, struct.unpack_from(">HHB", data, frame + 5))
    if len(scans) == 1 and data[scans[0] + 4] == count and data[frame + 1] not in _PROGRESSIVE:
        return 0
    factors = [divmod(data[frame + 11 + 3 * number], 16) for number in range(count)]
    across, down = max(x for x, _ in factors), max(y for _, y in factors)
    # Coefficients come in blocks of 8 by 8.
    blocks = (-(-width * x // (8 * across)) * -(-height * y // (8 * down)) for x, y in factors)
    return sum(blocks) * 128


def _scan_end(data: bytes, position: int) -> int:
    """The position of the next marker."""
    while position < len(data):
        if found := _MARKER.search(data, position, position + WINDOW):
            return found.start()
        position += WINDOW - 1  # the window's last byte may be the FF of a marker
    raise PhotoDamagedError
