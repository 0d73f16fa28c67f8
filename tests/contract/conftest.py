from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile

from tests.s3 import S3, s3_server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3_server(tmp_path_factory.mktemp("s3") / "moto.log") as server:
        yield server


@pytest.fixture(scope="module")
def strict_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """An S3 that checks who signed each request."""
    with s3_server(tmp_path_factory.mktemp("s3") / "moto.log", asks_for_keys=True) as server:
        yield server


@pytest.fixture(scope="module")
def strict_bucket(strict_s3: S3) -> str:
    """A bucket with an object that needs the right keys."""
    name = strict_s3.new_bucket()
    strict_s3.storage(name).save("bikes/1.webp", ContentFile(b"1"))
    return name
