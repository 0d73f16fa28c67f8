"""The checks of a photo, and the published result."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO
from threading import Timer
from typing import Any

import pytest
from PIL import Image

from bikerental.core.errors import UnavailableError
from bikerental.media import images
from bikerental.media.constants import PHOTO_BYTES_MAX
from bikerental.media.exceptions import PhotoRefusal
from bikerental.media.images import photo_check, photo_publish
from tests.maintenance.photos import HOSTILE, JPEG, picture, png, png_bomb, with_place


def code_of(act: Callable[[bytes], Any], data: bytes) -> str:
    with pytest.raises(PhotoRefusal) as refused:
        act(data)
    return str(refused.value.field_code)


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("act", [photo_check, photo_publish])
@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_no_photo_is_refused_by_its_code(act: Callable[[bytes], Any], data: bytes, code: str) -> None:
    assert code_of(act, data) == code


def test_a_photo_beyond_the_cap_is_too_large() -> None:
    assert code_of(photo_check, JPEG + bytes(PHOTO_BYTES_MAX)) == "too_large"


@pytest.mark.parametrize("length", range(2, len(JPEG), 97))
def test_a_photo_cut_anywhere_is_refused(length: int) -> None:
    assert code_of(photo_check, JPEG[:length]) in ("damaged", "invalid")


def test_a_bomb_is_refused_before_a_pixel_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_load", lambda image: pytest.fail("unpacked"))

    assert code_of(photo_check, png_bomb()) == "too_many_pixels"


@pytest.mark.parametrize(
    "data",
    [
        picture(),
        picture(progressive=True),
        picture(mode="L"),
        picture(mode="CMYK"),
        picture("PNG", mode="RGBA"),
        picture("PNG", mode="P"),
        picture("PNG", mode="LA"),
        picture("PNG", mode="I;16"),
        picture("PNG", mode="1"),
        JPEG + bytes(16),
    ],
)
def test_a_photo_becomes_two_webp(data: bytes) -> None:
    photo_check(data)

    for published in photo_publish(data):
        image = opened(published)
        image.load()
        assert (image.format, image.mode, image.size) == ("WEBP", "RGB", (64, 48))


@pytest.mark.parametrize(
    ("mode", "colour", "shown"),
    [("RGBA", (200, 100, 50, 128), (200, 100, 50)), ("LA", (90, 0), (90, 90, 90)), ("P", 0, (0, 0, 0)),
     ("I;16", 0x8000, (128, 128, 128)), ("CMYK", (0, 0, 0, 0), (255, 255, 255))],
)  # fmt: skip
def test_each_kind_of_picture_keeps_its_colours(mode: str, colour: Any, shown: tuple[int, int, int]) -> None:
    output = BytesIO()
    Image.new(mode, (2000, 40), colour).save(output, "JPEG" if mode == "CMYK" else "PNG")

    large, _ = photo_publish(output.getvalue())

    assert opened(large).size == (1600, 32)
    assert all(abs(is_ - was) < 4 for is_, was in zip(opened(large).getpixel((800, 16)), shown, strict=True))


def test_the_sizes_are_bounded_and_keep_their_shape() -> None:
    large, small = photo_publish(picture(size=(4000, 1000)))

    assert opened(large).size == (1600, 400)
    assert opened(small).size == (320, 80)


def test_a_photo_loses_the_cameras_data_and_stands_upright() -> None:
    taken = with_place()
    assert opened(taken).getexif().get_ifd(0x8825)
    assert b"garden" in taken

    for published in photo_publish(taken):
        image = opened(published)
        assert dict(image.getexif()) == {}
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)
        assert b"arden" not in published
        assert image.size == (48, 64)


@pytest.mark.parametrize(
    "data",
    [
        png(3170, 3170),
        png(1, 65_536),
        picture(size=(9000, 7300), mode="L", quality=1),
        picture(size=(4600, 4600), quality=1, progressive=True),
        picture(size=(3200, 3200), quality=1, progressive=True, subsampling=0),
    ],
    ids=["PNG", "many rows", "JPEG", "progressive", "progressive, all samples"],
)
def test_an_image_with_too_many_pixels_is_never_unpacked(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_load", lambda image: pytest.fail("unpacked"))

    assert code_of(photo_check, data) == "too_many_pixels"


def test_more_pictures_behind_the_first_are_left_out() -> None:
    output = BytesIO()
    first, second = opened(picture()), opened(picture(size=(8, 8)))
    first.save(output, "MPO", save_all=True, append_images=[second])

    large, _ = photo_publish(output.getvalue())

    assert opened(large).size == (64, 48)


def test_one_photo_is_decoded_at_a_time_and_no_request_waits() -> None:
    with images.decoding():
        begun = time.monotonic()
        with pytest.raises(UnavailableError), images.decoding():
            pass
        assert time.monotonic() - begun < 0.1

    with images.decoding():
        pass


def test_publishing_waits_for_its_turn() -> None:
    turn = ExitStack()
    turn.enter_context(images.decoding())
    Timer(0.3, turn.close).start()

    large, _ = photo_publish(JPEG)

    assert opened(large).format == "WEBP"


def test_publishing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "PUBLISHER_WAIT_SECONDS", 0.01)

    with images.decoding(), pytest.raises(UnavailableError):
        photo_publish(JPEG)

    photo_publish(JPEG)
