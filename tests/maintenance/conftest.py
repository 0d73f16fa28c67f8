from tests.fleet.conftest import bucket, no_s3, s3  # noqa: F401 - the photos' storage
