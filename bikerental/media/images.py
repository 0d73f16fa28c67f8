"""What a photo must be, and what is published of it."""

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
from bikerental.media.containers import outside_of
from bikerental.media.exceptions import (
    PhotoDamagedError,
    PhotoEmptyError,
    PhotoInvalidError,
    PhotoPixelsError,
    PhotoTooLargeError,
)

# The size is checked right after the header was read and before a pixel is; Pillow's own cap warns first.
Image.MAX_IMAGE_PIXELS = None
# Of all texts of a PNG, unpacked.
PngImagePlugin.MAX_TEXT_MEMORY = 1 << 20
FORMATS = ("JPEG", "PNG")
READ_AS = {*FORMATS, "MPO"}  # a phone's JPEG with more pictures behind the first
WEBP_QUALITY = 80
PUBLISHER_WAITS = 5.0  # seconds

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
_ONE_AT_A_TIME = threading.BoundedSemaphore(1)


@contextmanager
def decoding(*, wait: float = 0.0) -> Iterator[None]:
    """A photo within the caps takes up to 80 MB while it is decoded: one at a time in a process.

    A request does not wait for its turn: the threads that wait would be missed by everybody else.

    :raises UnavailableError: while another is decoded
    """
    if not _ONE_AT_A_TIME.acquire(timeout=wait):
        raise UnavailableError
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def photo_check(data: bytes) -> None:
    """Whether it is one whole picture and nothing besides. Within `decoding`.

    :raises PhotoEmptyError: of no bytes
    :raises PhotoTooLargeError: of more than PHOTO_BYTES_MAX
    :raises PhotoInvalidError: if it is another format, or another kind of file as well
    :raises PhotoPixelsError: of too many pixels, known before they are unpacked
    :raises PhotoAnimatedError: of more than one frame
    :raises PhotoDamagedError: if it is cut short or cannot be decoded
    """
    with _opened(data) as image:
        _load(image)


def photo_publish(data: bytes) -> tuple[bytes, bytes]:
    """WebP of at most 1600 and of at most 320 pixels a side: turned upright, and with nothing beside the pixels.

    :raises FieldRefusal: as `photo_check`
    """
    with decoding(wait=PUBLISHER_WAITS):
        photo = _upright(data)
        return _webp(photo, LARGE_PX), _webp(photo, SMALL_PX)


def _upright(data: bytes) -> Image.Image:
    """At most LARGE_PX a side, in RGB. Made small first: each copy of all pixels is tens of megabytes."""
    with _opened(data) as image:
        _load(image)
        photo = _thumbnail(image)
        photo.info = image.info  # says how it was held
    return ImageOps.exif_transpose(photo)


def _thumbnail(image: Image.Image) -> Image.Image:
    size = (LARGE_PX, LARGE_PX)
    if image.mode in ("RGBA", "LA"):
        # By channels: Pillow would multiply a copy of all pixels by their alpha first.
        names = image.getbands()[:-1] * (3 if image.mode == "LA" else 1)
        channels = [image.getchannel(name) for name in dict.fromkeys(names)]
        for channel in channels:
            channel.thumbnail(size)
        return Image.merge("RGB", channels * (3 // len(channels)))
    if image.mode in ("1", "P"):  # numbers of colours: not to be averaged
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
    """Nothing of its pixels is unpacked yet. A JPEG will unpack to no more than is published needs."""
    if not data:
        raise PhotoEmptyError
    if len(data) > PHOTO_BYTES_MAX:
        raise PhotoTooLargeError
    outside = outside_of(data)
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except _BROKEN as error:
        raise PhotoInvalidError from error
    if image.format not in READ_AS:
        raise PhotoInvalidError
    most = PNG_PIXELS_MAX if image.format == "PNG" else JPEG_PIXELS_MAX
    if max(image.size) > PHOTO_SIDE_MAX or image.width * image.height > most:
        raise PhotoPixelsError
    if outside.coefficients > JPEG_COEFFICIENT_BYTES_MAX:
        raise PhotoPixelsError
    shrink = max(1, max(image.size) // LARGE_PX)
    image.draft(None, (max(1, image.width // shrink), max(1, image.height // shrink)))
    return image


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except _BROKEN as error:
        raise PhotoDamagedError from error
