"""Photos in a folder: who has no signed URL sees none."""

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings

from bikerental.media import folder

NAME = "bikes/1.webp"
HALF_PAST = 1_800_000_000  # a half hour begins


@pytest.fixture(autouse=True)
def photos(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "bikerental.media.folder.FolderStorage"}}
    for name in (NAME, "bikes/2.webp", "uploads/1"):
        default_storage.save(name, ContentFile(b"a picture"))


def status(client: Client, url: str) -> int:
    answer = client.get(url)
    if answer.streaming:
        answer.getvalue()  # closes the file
    return answer.status_code


def at(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr(folder.time, "time", lambda: moment)


def test_a_signed_url_stays_the_same_for_half_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, HALF_PAST)
    first = default_storage.url(NAME)
    at(monkeypatch, HALF_PAST + 1799)
    last = default_storage.url(NAME)
    at(monkeypatch, HALF_PAST + 1800)
    next_ = default_storage.url(NAME)

    assert first == last != next_
    at(monkeypatch, HALF_PAST + 3599)
    assert status(client, first) == 200
    at(monkeypatch, HALF_PAST + 3600)
    assert status(client, first) == 403


def test_a_url_that_was_changed_shows_nothing(client: Client) -> None:
    parameters = {key: value for key, [value] in parse_qs(urlsplit(default_storage.url(NAME)).query).items()}
    changes = [
        ("signature", "AAAA"),
        ("signature", ""),
        ("expires", "9999999999"),
        ("expires", "soon"),
        ("expires", ""),
    ]

    assert status(client, f"/media/{NAME}?{urlencode(parameters)}") == 200
    assert status(client, f"/media/bikes/2.webp?{urlencode(parameters)}") == 403
    for name, value in changes:
        assert status(client, f"/media/{NAME}?{urlencode(parameters | {name: value})}") == 403, (name, value)


def test_raw_uploads_are_shown_to_nobody_even_if_signed(client: Client) -> None:
    for name in ("uploads/1", "bikes/../uploads/1"):
        assert status(client, f"/media/{name}?{urlsplit(default_storage.url(name)).query}") == 404


def test_in_production_the_proxy_sends_the_file(client: Client, settings: Settings) -> None:
    settings.MEDIA_SERVED = False

    answer = client.get(default_storage.url(NAME))

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/{NAME}"
    assert answer.headers["Cache-Control"] == "private, max-age=3600, immutable"
    assert "X-Accel-Redirect" not in client.get(f"/media/{NAME}").headers
