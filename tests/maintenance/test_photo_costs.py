"""The cost of the worst pictures that pass: a worker's memory, and blocked threads in a web process."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bikerental.core.errors import Refusal
from bikerental.media.constants import PHOTO_BYTES_MAX
from bikerental.media.images import photo_check
from tests.live import ROOT, environment
from tests.maintenance.photos import JPEG, chunk, png
from tests.support.threads import meanwhile

MEBIBYTES_MAX = 200
HOLD_SECONDS_MAX = 0.05
# A worker that publishes one photo. Each runs in a child of its own, so that each peak is measured.
PUBLISHER = """
import os, sys
import django
django.setup()
from config.celery_app import app
app.loader.import_default_modules()
from bikerental.media.images import photo_publish
for path in sys.argv[1:]:
    child = os.fork()
    if not child:
        photo_publish(open(path, "rb").read())
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    print(status, used.ru_maxrss // 1024, path)
"""


def jpeg(width: int, height: int, mode: str = "RGB", **options: object) -> bytes:
    output = BytesIO()
    Image.new(mode, (width, height)).save(output, "JPEG", **options)
    return output.getvalue()


def filled_png(data: bytes) -> bytes:
    """A PNG as large as a file may be."""
    end = len(data) - 12
    return data[:end] + chunk(b"teXt", bytes(PHOTO_BYTES_MAX - len(data) - 12)) + data[end:]


def with_segments(data: bytes, segment: bytes) -> bytes:
    """As many comments as the file may hold."""
    whole = b"\xff\xfe" + (len(segment) + 2).to_bytes(2, "big") + segment
    return data[:2] + whole * ((PHOTO_BYTES_MAX - len(data)) // len(whole)) + data[2:]


WORST: dict[str, Callable[[], bytes]] = {
    "RGBA": lambda: filled_png(png(3162, 3162)),
    "RGBA of 16 bits": lambda: png(3162, 3162, depth=16),
    "RGB of 16 bits, interlaced": lambda: png(3162, 3162, depth=16, colour=2, interlaced=True),
    "palette, interlaced": lambda: png(3162, 3162, colour=3, interlaced=True),
    "grey with alpha": lambda: png(3162, 3162, colour=4),
    "grey of 16 bits": lambda: png(3162, 3162, depth=16, colour=0),
    "black and white": lambda: png(3162, 3162, depth=1, colour=0),
    "a long row": lambda: png(65_535, 152),
    "many rows": lambda: png(152, 65_535),
    "JPEG of 12 megapixels": lambda: jpeg(4032, 3024),
    "JPEG of 48 megapixels": lambda: jpeg(8000, 6000),
    "JPEG of 50 megapixels": lambda: jpeg(8160, 6144),
    "the least that is not made smaller": lambda: with_segments(jpeg(3199, 3199), bytes(65_000)),
    "CMYK": lambda: jpeg(3199, 3199, "CMYK"),
    "progressive of 12 megapixels": lambda: jpeg(4032, 3024, progressive=True),
    "progressive, not made smaller": lambda: jpeg(3199, 3199, progressive=True),
    "progressive, all samples": lambda: jpeg(2640, 2640, progressive=True, subsampling=0),
    "progressive CMYK": lambda: jpeg(2280, 2280, "CMYK", progressive=True),
}
TIRING: dict[str, Callable[[], bytes]] = {
    "signs of a page, and none": lambda: JPEG + b"<" * (PHOTO_BYTES_MAX - len(JPEG)),
    "long comments": lambda: with_segments(JPEG, b"<" * 65_000),
    "empty comments": lambda: with_segments(JPEG, b""),
    "FF 00": lambda: JPEG[:-2] + b"\xff\0" * ((PHOTO_BYTES_MAX - len(JPEG)) // 2) + JPEG[-2:],
    "FF": lambda: JPEG[:2] + b"\xff" * (PHOTO_BYTES_MAX - len(JPEG)) + JPEG[2:],
    "small chunks": lambda: filled_png(png(1, 1))[:41] + chunk(b"teXt", b"") * 400_000,
    "the largest PNG": lambda: png(3162, 3162),
    "the largest JPEG": lambda: jpeg(3199, 3199),
}


@pytest.mark.slow
@pytest.mark.django_db
def test_publishing_takes_less_than_200_mebibytes(tmp_path: Path) -> None:
    for name, make in WORST.items():
        (tmp_path / name).write_bytes(make())
    paths = [str(tmp_path / name) for name in WORST]

    run = subprocess.run(
        [sys.executable, "-c", PUBLISHER, *paths],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip

    used = {Path(path).name: (int(status), int(size)) for status, size, path in
            (line.split(" ", 2) for line in run.stdout.splitlines())}  # fmt: skip
    assert used.keys() == WORST.keys()
    assert {name: status for name, (status, _) in used.items() if status} == {}, run.stderr
    assert {name: size for name, (_, size) in used.items() if size >= MEBIBYTES_MAX} == {}, used


@pytest.mark.parametrize("make", TIRING.values(), ids=TIRING)
def test_a_check_lets_other_threads_run(make: Callable[[], bytes]) -> None:
    data = make()

    # A busy machine also delays a thread, but not in each of five runs.
    held = min(longest_pause(data) for _ in range(5))

    assert held < HOLD_SECONDS_MAX


def longest_pause(data: bytes) -> float:
    """The longest time for which another thread did not run during the check of the picture."""
    pauses, is_over = [0.0], threading.Event()

    def tick() -> None:
        last = time.monotonic()
        while not is_over.is_set():
            time.sleep(0.001)
            now = time.monotonic()
            pauses.append(now - last)
            last = now

    with meanwhile(tick):
        try:
            photo_check(data)
        except Refusal:
            pass
        finally:
            is_over.set()
    return max(pauses)
