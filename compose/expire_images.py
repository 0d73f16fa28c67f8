"""`python -m compose.expire_images`: deletes old images of merge requests from the project's registry.

The build names them mr-NUMBER-COMMIT, and nothing deploys them. Every other image stays. A scheduled pipeline runs this
with its own token, CI_JOB_TOKEN, and GitLab's address, CI_API_V4_URL and CI_PROJECT_ID. The owner of the schedule needs
the role Developer. Standard library only, so that the job needs no packages.
"""

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from compose.bare.progress import UserError, say

OF_MERGE_REQUEST = re.compile(r"mr-[0-9]+-[0-9a-f]{40}")
ANSWER_SECONDS = 30
PAGE = 100
PAGES_MAX = 100
DAYS = 7
VARIABLES = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_JOB_TOKEN")


class GitLab:
    """The API of the project's container registry."""

    def __init__(self, address: str, project: str, token: str) -> None:
        self._base = f"{address}/projects/{urllib.parse.quote(project, safe='')}/registry/repositories"
        self._token = token

    def repositories(self) -> list[int]:
        return [each["id"] for each in self._pages("")]

    def tags(self, repository: int) -> list[str]:
        return [each["name"] for each in self._pages(f"/{repository}/tags")]

    def made_at(self, repository: int, tag: str) -> datetime | None:
        """None if GitLab does not know, as for images of several platforms."""
        found, _ = self._ask("GET", f"/{repository}/tags/{tag}")
        made = found["created_at"]
        return datetime.fromisoformat(made) if made else None

    def delete(self, repository: int, tag: str) -> None:
        """Delete the name. Another name of the same image stays."""
        self._ask("DELETE", f"/{repository}/tags/{tag}")

    def _pages(self, path: str) -> Iterator[Any]:
        page = "1"
        for _ in range(PAGES_MAX):
            found, headers = self._ask("GET", f"{path}?per_page={PAGE}&page={page}")
            yield from found
            page = headers.get("X-Next-Page") or ""
            if not page:
                return
        raise UserError(f"The registry lists more than {PAGES_MAX * PAGE} names. Delete some by hand first.")

    def _ask(self, method: str, path: str) -> "tuple[Any, Any]":
        url = self._base + path
        headers = {"JOB-TOKEN": self._token}
        request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 - GitLab's own address
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - the same
                return json.loads(answer.read() or b"null"), answer.headers
        except urllib.error.HTTPError as error:
            if error.code == 404 and "/tags/" in path:
                raise GoneError from error
            why = "The owner of the pipeline needs the role Developer, and the project a container registry."
            raise UserError(f"GitLab refuses {method} {url}: {error.code} {error.reason}. {why}") from error
        except (OSError, ValueError) as error:
            raise UserError(f"GitLab gave no answer to {method} {url}: {error}") from error


class GoneError(Exception):
    """Somebody else has deleted the name."""


def expire(gitlab: GitLab, *, made_before: datetime) -> list[str]:
    """Delete what is older. Returns what could not be done, one line each."""
    failures = []
    for repository in gitlab.repositories():
        for tag in filter(OF_MERGE_REQUEST.fullmatch, gitlab.tags(repository)):
            try:
                made = gitlab.made_at(repository, tag)
                if made is None:
                    failures.append(f"{tag} has no date. Delete it by hand.")
                elif made < made_before:
                    gitlab.delete(repository, tag)
                    say(f"Deleted {tag}, made on {made:%Y-%m-%d}.")
            except GoneError:
                continue
            except UserError as error:
                failures.append(f"{tag}: {error}")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m compose.expire_images",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--days", type=int, default=DAYS, help=f"how long an image is kept, {DAYS} by default")
    days = parser.parse_args().days
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        say(f"Missing: {', '.join(missing)}. GitLab sets them in a job.")
        return 2
    gitlab = GitLab(*(os.environ[name] for name in VARIABLES))
    try:
        failures = expire(gitlab, made_before=datetime.now(UTC) - timedelta(days=days))
    except UserError as error:
        failures = [str(error)]
    for failure in failures:
        say(failure)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
