"""JPEG files made by hand, of the segments that matter."""


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def frame(height: int = 8, width: int = 8, marker: int = 0xC0) -> bytes:
    body = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    return segment(marker, body)


START, END = b"\xff\xd8", b"\xff\xd9"
JFIF = segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
PLACE = segment(0xE1, b"Exif\x00\x00 GPS 59.93 30.31")
COMMENT = segment(0xFE, b"taken in my garden")
SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"

JPEG = START + JFIF + frame() + SCAN + END
JPEG_WITH_PLACE = START + JFIF + PLACE + COMMENT + frame() + SCAN + END
