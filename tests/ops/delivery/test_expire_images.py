"""The job that deletes old images of merge requests, against a GitLab API of the test's own."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from compose.bare.processes import free_port
from tests.ops.delivery.standin import run
from tests.support.serving import serving

API = "/api/v4"
REPOSITORIES = "/projects/42/registry/repositories"
TAGS = f"{REPOSITORIES}/7/tags"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PAGE = 2  # less than the job asks for, as GitLab may answer


def ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Registry:
    """The names of the images with the time at which each was made."""

    def __init__(self) -> None:
        self.made: dict[str, str | None] = {}
        self.refusals: dict[tuple[str, str], int] = {}  # the status by method and name
        self.tokens: set[str | None] = set()
        self.address = ""

    def answer(self, method: str, path: str, page: int) -> "tuple[int, object]":
        if path == REPOSITORIES:
            return self.refusals.get((method, ""), 200), [{"id": 7, "path": "city/bikerental"}]
        if path == TAGS:
            return 200, [{"name": name} for name in list(self.made)[(page - 1) * PAGE : page * PAGE]]
        name = path.removeprefix(f"{TAGS}/")
        if refusal := self.refusals.get((method, name)):
            return refusal, {"message": "refused"}
        if method == "DELETE":
            del self.made[name]
            return 200, None
        return 200, {"name": name, "created_at": self.made[name]}


@pytest.fixture
def registry() -> Iterator[Registry]:
    found = Registry()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path.removeprefix(API))
            page = int(parse_qs(parts.query).get("page", ["1"])[0])
            found.tokens.add(self.headers["JOB-TOKEN"])
            code, body = found.answer(self.command, parts.path, page)
            self.send_response(code)
            more = parts.path == TAGS and page * PAGE < len(found.made)
            self.send_header("X-Next-Page", str(page + 1) if more else "")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Answering)) as server:
        found.address = f"http://127.0.0.1:{server.server_port}{API}"
        yield found


def expire(address: str, *arguments: str, **environment: str) -> "tuple[int, str]":
    given = {
        "no_proxy": "127.0.0.1",
        "CI_API_V4_URL": address,
        "CI_PROJECT_ID": "42",
        "CI_JOB_TOKEN": "token-of-the-job",
    }
    command = (sys.executable, "-m", "compose.expire_images", *arguments)
    done = run(*command, environment={**os.environ, **given, **environment})
    return done.returncode, done.stdout + done.stderr


def test_only_week_old_images_of_merge_requests_are_deleted(registry: Registry) -> None:
    old, young = f"mr-7-{COMMIT}", f"mr-12-{COMMIT}"
    kept = {COMMIT: ago(90), "v1.2.3": ago(90), "mr-hand-made": ago(90), young: ago(6)}
    registry.made = {**kept, old: ago(8)}

    assert expire(registry.address) == (0, f"Deleted {old}, made on {ago(8)[:10]}.\n")
    assert registry.made == kept
    assert registry.tokens == {"token-of-the-job"}
    assert expire(registry.address) == (0, "")
    assert expire(registry.address, "--days", "5")[0] == 0
    assert young not in registry.made


def test_an_image_that_cannot_be_deleted_is_named_and_skipped(registry: Registry) -> None:
    refused, undated, gone, last = (f"mr-{number}-{COMMIT}" for number in range(1, 5))
    registry.made = {refused: ago(8), undated: None, gone: ago(8), last: ago(8)}
    registry.refusals = {("DELETE", refused): 403, ("GET", gone): 404}

    code, said = expire(registry.address)

    assert code == 1
    assert f"{refused}: GitLab refuses DELETE {registry.address}{TAGS}/{refused}: 403 Forbidden. The owner" in said
    assert f"{undated} has no date. Delete it by hand.\n" in said
    assert gone not in said
    assert list(registry.made) == [refused, undated, gone]


def test_a_gitlab_that_refuses_or_is_away_is_said_in_words(registry: Registry) -> None:
    registry.refusals = {("GET", ""): 404}
    away = f"http://127.0.0.1:{free_port()}{API}"

    answers = [expire(registry.address), expire(away), expire(away, CI_JOB_TOKEN="")]

    assert [code for code, _ in answers] == [1, 1, 2]
    assert answers[0][1].startswith(
        f"GitLab refuses GET {registry.address}{REPOSITORIES}?per_page=100&page=1: 404 Not Found."
    )
    assert answers[1][1].startswith(f"GitLab gave no answer to GET {away}")
    assert answers[2][1] == "Missing: CI_JOB_TOKEN. GitLab sets them in a job.\n"
