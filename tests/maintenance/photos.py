"""Pictures, and files that pretend to be one."""

import struct
import zipfile
import zlib
from io import BytesIO

from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    output = BytesIO()
    image = Image.effect_noise(size, 60).convert(mode)
    image.save(output, kind, **options)
    return output.getvalue()


def with_place() -> bytes:
    """A JPEG on its side, whose EXIF data has time, place and camera."""
    exif = Image.Exif()
    exif[0x010F] = "Garden Camera"
    exif[0x0112] = 6  # a quarter turn
    exif.get_ifd(0x8825)[2] = (59.0, 55.0, 48.0)
    return picture(exif=exif, comment=b"taken in my garden")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A few kilobytes that unpack to 900 million pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(width // 8 + 1) * 200, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def png(width: int, height: int, *, depth: int = 8, colour: int = 6, interlaced: bool = False) -> bytes:
    """A whole PNG of one colour: only kilobytes, for any number of pixels. Colours: 0 grey, 2 RGB, 3 palette, 4 LA, 6
    RGBA."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    packer, pixels = zlib.compressobj(9), b""
    for left, top, across, down in passes:
        row = bytes(1 + (-(-(width - left) // across) * bits + 7) // 8)
        pixels += b"".join(packer.compress(row) for _ in range(-(-(height - top) // down)))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    parts = chunk(b"IHDR", header), palette, chunk(b"IDAT", pixels + packer.flush()), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def animation(kind: str, frames: int) -> bytes:
    output = BytesIO()
    images = [Image.new("L", (1, 1), number % 256) for number in range(frames)]
    images[0].save(output, kind, save_all=True, append_images=images[1:], duration=10, loop=0)
    return output.getvalue()


def archive() -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w") as file:
        file.writestr("page.html", "<script>alert(1)</script>")
    return output.getvalue()


def many_scans(scans: int) -> bytes:
    """A progressive JPEG: the decoder passes over all pixels for each scan."""
    data = picture(progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + data[-2:]


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
JPEG = picture()
# Files that must not be published, and the codes of their refusals.
HOSTILE: dict[str, tuple[bytes, str]] = {
    "zero bytes": (b"", "empty"),
    "a text": (b"hello", "invalid"),
    "SVG": (SVG, "invalid"),
    "HTML": (b"<!doctype html><script>alert(1)</script>", "invalid"),
    "a GIF of 10,000 frames": (animation("GIF", 10_000), "invalid"),
    "a plain GIF": (picture("GIF", mode="P"), "invalid"),
    "TIFF": (picture("TIFF"), "invalid"),
    "a moving PNG": (animation("PNG", 3), "animated"),
    "a bomb of pixels": (png_bomb(), "too_many_pixels"),
    "a bomb of scans": (many_scans(100), "invalid"),
    "a JPEG that is an archive": (JPEG + archive(), "invalid"),
    "a JPEG with a page behind it": (JPEG + b"<html><script>alert(1)</script>", "invalid"),
    "a JPEG with a program in its comment": (picture(comment=b"<?php system($_GET[0]);"), "invalid"),
    "a JPEG that is a PDF": (picture(comment=b"%PDF-1.7"), "invalid"),
    "a PNG with bytes behind it": (picture("PNG") + b"anything", "invalid"),
    "half a JPEG": (JPEG[: len(JPEG) // 2], "damaged"),
    "a JPEG without its last byte": (JPEG[:-1], "damaged"),
    "half a PNG": (picture("PNG")[:-200], "damaged"),
    "a PNG with other pixels": (picture("PNG").replace(b"IDATx", b"IDATy", 1), "damaged"),
}
