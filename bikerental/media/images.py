"""Checks photos, and makes the sizes that are published."""

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageOps, PngImagePlugin

from bikerental.core.errors import UnavailableError
from bikerental.media.constants import (
    JPEG_COEFFICIENT_BYTES_MAX,
    JPEG_PIXELS_MAX,
    LARGE_PX,
    PHOTO_BYTES_MAX,
    PHOTO_SIDE_MAX,
    PNG_PIXELS_MAX,
    SMALL_PX,
)
from bikerental.media.containers import container_read
from bikerental.media.exceptions import (
    PhotoDamagedError,
    PhotoEmptyError,
    PhotoInvalidError,
    PhotoPixelsError,
    PhotoTooLargeError,
)

# Pillow's own limit only warns. `_opened` checks the size after the header is read and before any pixel is.
Image.MAX_IMAGE_PIXELS = None
# In bytes, for all texts of a PNG together, unpacked.
PngImagePlugin.MAX_TEXT_MEMORY = 1 << 20
FORMATS = ("JPEG", "PNG")
READ_AS = {*FORMATS, "MPO"}  # MPO: a phone's JPEG with more pictures behind the first
WEBP_QUALITY = 80
PUBLISHER_WAIT_SECONDS = 5.0  # seconds

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
_ONE_AT_A_TIME = threading.BoundedSemaphore(1)


@contextmanager
def decoding(*, wait: float = 0.0) -> Iterator[None]:
    """Hold the place in which one photo at a time is decoded in a process: a photo takes up to 80 MB.

    A request does not wait for the place, because waiting threads would be missing for other requests.

    :raises UnavailableError: if another photo is decoded and does not finish within `wait` seconds
    """
    if not _ONE_AT_A_TIME.acquire(timeout=wait):
        raise UnavailableError
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def photo_check(data: bytes) -> None:
    """Check that the data is one whole picture and nothing else. Call it within `decoding`.

    :raises PhotoEmptyError: if there are no bytes
    :raises PhotoTooLargeError: if there are more than PHOTO_BYTES_MAX
    :raises PhotoInvalidError: if it is another format, or also a file of another kind
    :raises PhotoPixelsError: if there are too many pixels; checked before they are unpacked
    :raises PhotoAnimatedError: if there is more than one frame
    :raises PhotoDamagedError: if it is cut short or cannot be decoded
    """
    with _opened(data) as image:
        _load(image)


def photo_publish(data: bytes) -> tuple[bytes, bytes]:
    """WebP files of at most 1600 and at most 320 pixels a side: upright, with the pixels and nothing else.

    :raises FieldRefusal: as `photo_check`
    """
    with decoding(wait=PUBLISHER_WAIT_SECONDS):
        photo = _upright(data)
        return _webp(photo, LARGE_PX), _webp(photo, SMALL_PX)


def _upright(data: bytes) -> Image.Image:
    """At most LARGE_PX a side, in RGB. It is made small first, because each copy of all pixels takes tens of
    megabytes."""
    with _opened(data) as image:
        _load(image)
        photo = _thumbnail(image)
        photo.info = image.info  # holds the orientation
    return ImageOps.exif_transpose(photo)


def _thumbnail(image: Image.Image) -> Image.Image:
    size = (LARGE_PX, LARGE_PX)
    if image.mode in ("RGBA", "LA"):
        # One channel at a time: otherwise Pillow multiplies a copy of all pixels by their alpha first.
        names = image.getbands()[:-1] * (3 if image.mode == "LA" else 1)
        channels = [image.getchannel(name) for name in dict.fromkeys(names)]
        for channel in channels:
            channel.thumbnail(size)
        return Image.merge("RGB", channels * (3 // len(channels)))
    if image.mode in ("1", "P"):  # palette indexes cannot be averaged
        image = image.convert("RGB")
    if image.mode.startswith("I"):  # 16 bits
        image = image.point(lambda value: value / 256, "L")
    image.thumbnail(size)
    return image.convert("RGB")


def _webp(image: Image.Image, side: int) -> bytes:
    small = image.copy()
    small.thumbnail((side, side))
    small.info.clear()
    output = BytesIO()
    small.save(output, "WEBP", quality=WEBP_QUALITY, exif=b"", icc_profile=None, xmp=b"")
    return output.getvalue()


def _opened(data: bytes) -> Image.Image:
    """Open the picture and check its size without unpacking pixels. A JPEG is set to unpack to a smaller size."""
    if not data:
        raise PhotoEmptyError
    if len(data) > PHOTO_BYTES_MAX:
        raise PhotoTooLargeError
    container = container_read(data)
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except _BROKEN as error:
        raise PhotoInvalidError from error
    if image.format not in READ_AS:
        raise PhotoInvalidError
    most = PNG_PIXELS_MAX if image.format == "PNG" else JPEG_PIXELS_MAX
    if max(image.size) > PHOTO_SIDE_MAX or image.width * image.height > most:
        raise PhotoPixelsError
    if container.coefficients > JPEG_COEFFICIENT_BYTES_MAX:
        raise PhotoPixelsError
    shrink = max(1, max(image.size) // LARGE_PX)
    image.draft(None, (max(1, image.width // shrink), max(1, image.height // shrink)))
    return image


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except _BROKEN as error:
        raise PhotoDamagedError from error
