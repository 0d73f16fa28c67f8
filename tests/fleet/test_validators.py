"""Uploaded photos: JPEG, small enough, and silent about where they were taken."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from bikerental.fleet.constants import PHOTO_BYTES_MAX
from bikerental.fleet.exceptions import PhotoInvalidError, PhotoTooLargeError
from bikerental.fleet.validators import photo_clean
from tests.fleet.photos import COMMENT, END, JFIF, JPEG, JPEG_WITH_PLACE, PLACE, SCAN, START, frame, segment


def clean(data: bytes) -> bytes:
    return photo_clean(SimpleUploadedFile("photo.jpg", data))


def test_a_plain_photo_stays_as_it_is() -> None:
    assert clean(JPEG) == JPEG


def test_place_comment_and_what_hangs_on_behind_go() -> None:
    assert clean(JPEG_WITH_PLACE + b"PK\x03\x04 a polyglot") == JPEG


def test_metadata_between_the_scans_goes_too() -> None:
    progressive = START + JFIF + frame(marker=0xC2) + SCAN + COMMENT + PLACE + SCAN + END

    assert clean(progressive) == START + JFIF + frame(marker=0xC2) + SCAN + SCAN + END


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\x89PNG\r\n\x1a\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        START,
        START + END,
        START + JFIF + SCAN + END,
        START + JFIF + frame() + END,
        START + JFIF + frame(0, 8) + SCAN + END,
        START + JFIF + frame(65_535, 65_535) + SCAN + END,
        START + segment(0xC0, b"") + SCAN + END,
        START + b"\xff\xe1\x00\x00" * 3,
        START + b"\xff\xe1\xff\xff",
        b"GIF89a" + JPEG,
    ],
)
def test_what_is_no_whole_jpeg_is_refused(data: bytes) -> None:
    with pytest.raises(PhotoInvalidError):
        clean(data)


@pytest.mark.parametrize("length", range(len(JPEG)))
def test_a_photo_cut_short_is_refused(length: int) -> None:
    with pytest.raises(PhotoInvalidError):
        clean(JPEG[:length])


def test_too_large_a_file_is_not_even_read() -> None:
    photo = SimpleUploadedFile("photo.jpg", JPEG + bytes(PHOTO_BYTES_MAX))

    with pytest.raises(PhotoTooLargeError):
        photo_clean(photo)

    assert photo.tell() == 0
