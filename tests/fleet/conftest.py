from collections.abc import Iterator

import pytest
from django.core.files.storage import default_storage
from pytest_django import Settings

from tests.s3 import S3, s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("s3") / "moto.log") as server:
        yield server


@pytest.fixture
def bucket(s3: S3, settings: Settings) -> str:
    """A bucket of this test for the product's media."""
    name = s3.new_bucket()
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "bikerental.media.s3.MediaStorage", "OPTIONS": s3.options(name)}
    }
    assert default_storage.bucket_name == name
    return name


@pytest.fixture
def no_s3(settings: Settings) -> None:
    """Media on an S3 that does not answer."""
    nobody = S3("http://127.0.0.1:1", "access", "secret")
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "bikerental.media.s3.MediaStorage", "OPTIONS": nobody.options("media")}
    }
