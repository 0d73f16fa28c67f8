from tests.http.conftest import _urls, client  # noqa: F401 - the routes that fail on purpose, and their client
