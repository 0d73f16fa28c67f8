"""The places of backups: a folder, and a bucket if one is named.

A backup is two files, NAME.dump.gpg and NAME.json. The JSON file describes the dump and is written last: without it
the backup does not count.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

NAME = re.compile(r"[\w-]+-\d{8}T\d{6}Z")
STAMP = "%Y%m%dT%H%M%SZ"
PERIODS: tuple[tuple[str, int], ...] = (("%Y-%m-%d", 7), ("%G-%V", 5), ("%Y-%m", 12))
PREFIX = "database/"


class NoBackupError(Exception):
    """There is no backup, or none with that name."""


class DamagedBackupError(Exception):
    """The file is not the one that was written."""


class Manifest(NamedTuple):
    """`counts`: the rows of each table in the dump. `sha256`: the digest of the encrypted file."""

    name: str
    release: str
    size: int
    sha256: str
    counts: dict[str, int]


def backup_name(database: str, now: datetime) -> str:
    return f"{database}-{now.astimezone(UTC):{STAMP}}"


def made_at(name: str) -> datetime:
    return datetime.strptime(name.rpartition("-")[2], STAMP).replace(tzinfo=UTC)


def backups_to_keep(names: Iterable[str]) -> set[str]:
    """The newest backup of each of the newest 7 days, 5 weeks and 12 months that have one."""
    newest_first = sorted(names, key=made_at, reverse=True)
    kept: set[str] = set()
    for period, count in PERIODS:
        newest: dict[str, str] = {}
        for name in newest_first:
            newest.setdefault(made_at(name).strftime(period), name)
        kept |= set(list(newest.values())[:count])
    return kept


def digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


class Folder:
    """Backups on the machine's own disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str) -> Path:
        return self.path / f"{name}.dump.gpg"

    def names(self) -> set[str]:
        return {path.stem for path in self.path.glob("*.json") if NAME.fullmatch(path.stem)}

    def write(self, manifest: Manifest, partial: Path) -> None:
        partial.replace(self.file(manifest.name))
        unfinished = self.path / f"{manifest.name}.part"
        unfinished.write_text(json.dumps(manifest._asdict()))
        unfinished.replace(self.path / f"{manifest.name}.json")

    def manifest(self, name: str) -> Manifest:
        return Manifest(**json.loads((self.path / f"{name}.json").read_text()))

    def remove(self, name: str) -> None:
        (self.path / f"{name}.json").unlink(missing_ok=True)
        self.file(name).unlink(missing_ok=True)

    def clear_unfinished(self) -> None:
        """Also dumps without a description, as a process that was killed leaves them: nothing else would find them."""
        whole = {self.file(name) for name in self.names()}
        for path in {*self.path.glob("*.part"), *self.path.glob("*.dump.gpg")} - whole:
            path.unlink(missing_ok=True)


class Bucket:
    """Backups on S3. boto3 finds endpoint and credentials itself: in AWS_* or in the machine's role."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._bucket = name

    def names(self) -> set[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=PREFIX)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        names = {key.removeprefix(PREFIX).removesuffix(".json") for key in keys if key.endswith(".json")}
        return {name for name in names if NAME.fullmatch(name)}

    def send(self, folder: Folder, name: str) -> None:
        for suffix in (".dump.gpg", ".json"):  # the JSON file goes last, because it makes the backup count
            self._client.upload_file(
                str(folder.path / f"{name}{suffix}"),
                self._bucket,
                f"{PREFIX}{name}{suffix}",
                ExtraArgs={"ChecksumAlgorithm": "SHA256"},
            )

    def fetch(self, folder: Folder, name: str) -> None:
        partials = {suffix: folder.path / f"{name}{suffix}.part" for suffix in (".dump.gpg", ".json")}
        for suffix, partial in partials.items():
            self._client.download_file(self._bucket, f"{PREFIX}{name}{suffix}", str(partial))
        for suffix, partial in partials.items():
            partial.replace(folder.path / f"{name}{suffix}")

    def remove(self, name: str) -> None:
        for suffix in (".json", ".dump.gpg"):
            self._client.delete_object(Bucket=self._bucket, Key=f"{PREFIX}{name}{suffix}")


class Archive:
    def __init__(self, folder: Folder, bucket: Bucket | None) -> None:
        self.folder = folder
        self.bucket = bucket

    def names(self) -> list[str]:
        """All backups that can be restored, oldest first."""
        return sorted(self.folder.names() | (self.bucket.names() if self.bucket else set()), key=made_at)

    def store(self, manifest: Manifest, partial: Path) -> None:
        """Keep a backup in each place, and remove the old ones there.

        The folder goes first: while the bucket cannot be reached, each new try adds a backup to it.
        """
        self.folder.write(manifest, partial)
        _remove_old(self.folder)
        if self.bucket:
            self.bucket.send(self.folder, manifest.name)
            _remove_old(self.bucket)

    def fetch(self, name: str) -> Manifest:
        """Put the backup into the folder and check it. An empty name means the newest one.

        :raises NoBackupError: if there is none
        :raises DamagedBackupError: if the file is not the one that was written
        """
        names = self.names()
        if not names or name not in {*names, ""}:
            raise NoBackupError(f"There is no backup {name or 'at all'}. There are: {', '.join(names) or 'none'}.")
        name = name or names[-1]
        if name not in self.folder.names() and self.bucket:
            self.bucket.fetch(self.folder, name)
        manifest = self.folder.manifest(name)
        file = self.folder.file(name)
        if not file.exists() or digest(file) != manifest.sha256:
            raise DamagedBackupError(f"{file} is not what was written: its SHA-256 is another.")
        return manifest


def _remove_old(place: Folder | Bucket) -> None:
    names = place.names()
    for name in names - backups_to_keep(names):
        place.remove(name)


def archive_of_environment(folder: Path, bucket: str) -> Archive:
    if not bucket:
        return Archive(Folder(folder), None)
    import boto3
    from botocore.config import Config

    bounded = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 4, "mode": "standard"})
    client = boto3.client("s3", region_name=os.environ.get("AWS_DEFAULT_REGION") or None, config=bounded)
    return Archive(Folder(folder), Bucket(client, bucket))
