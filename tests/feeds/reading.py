"""Reads the feed as a consumer does: over HTTP, by the URLs of gbfs.json."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import requests

from bikerental.feeds.constants import CHECK_SECONDS
from tests.feeds.feed import build

Files = dict[str, Any]


class Feed(NamedTuple):
    """The files of 3.0 by name, and those of 2.3 by language and name."""

    third: Files
    second: dict[str, Files]

    def sets(self) -> Iterator[tuple[str, Files]]:
        yield "3.0", self.third
        for language, files in self.second.items():
            yield f"2.3 {language}", files


def get(address: str, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{address}/gbfs/{path}", headers=headers, timeout=20)


def built() -> None:
    """Build now, and wait until each process of the server asks for a newer build."""
    build()
    time.sleep(CHECK_SECONDS * 1.1)


def read(address: str) -> Feed:
    third, second = get(address, "3/gbfs.json").json(), get(address, "2/gbfs.json").json()
    sets = {language: _files(listed["feeds"]) for language, listed in second["data"].items()}
    return Feed(_files(third["data"]["feeds"]), sets)


def _files(listed: list[dict[str, str]]) -> Files:
    return {each["name"]: requests.get(each["url"], timeout=20).json() for each in listed}
