"""`backups now | schedule | list | drill [NAME] | prepare [NAME] | swap DATABASE`"""

import argparse
import logging
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import botocore.exceptions
import django
import environ
import psycopg2
from django.conf import settings
from django.db import Error as DatabaseError

from compose.production.backups import server
from compose.production.backups.archive import Archive, DamagedBackupError, NoBackupError, archive_of_environment
from compose.production.backups.making import backup_make
from compose.production.backups.pipes import PipeError
from compose.production.backups.restoring import RestoreCheckError, restore_beside, swap

env = environ.FileAwareEnv()

FOLDER = Path(os.environ.get("BACKUP_FOLDER", "/backups"))
# Touched after a backup was made, kept and sent. The health check reads its age.
LAST = FOLDER / "last"
EVERY_SECONDS = 24 * 3600
AGAIN_SECONDS = 300
RESTORING = ("drill", "prepare", "swap")
REFUSALS = (DamagedBackupError, NoBackupError, RestoreCheckError, PipeError)
OUTSIDE = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    psycopg2.Error,
    DatabaseError,
    OSError,  # such as a full disk: a container that ended would try again at once
)


def main() -> None:
    arguments = _parser().parse_args()
    # Making a backup only reads.
    os.environ.setdefault("DATABASE_ROLE", "owner" if arguments.command in RESTORING else "reader")
    django.setup()
    logging.getLogger("botocore").setLevel(
        logging.WARNING
    )  # otherwise it logs the source of its credentials at each call
    signal.signal(signal.SIGTERM, _leave)
    _passphrase()
    try:
        if arguments.command == "schedule":
            _schedule()
        else:
            _once(arguments)
    except REFUSALS as error:
        sys.exit(f"{error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="backups", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("now", help="make a backup")
    commands.add_parser("schedule", help="make a backup every day, until stopped")
    commands.add_parser("list", help="list the backups that can be restored, oldest first")
    for name, what in (
        ("drill", "restore into a new database, check it, and remove it again"),
        ("prepare", "restore into a new database, check it, and print its name"),
    ):
        commands.add_parser(name, help=what).add_argument("name", nargs="?", default="", help="the newest by default")
    commands.add_parser("swap", help="replace the database in use by a prepared one").add_argument("database")
    return parser


def _once(arguments: argparse.Namespace) -> None:
    archive = _archive()
    now = datetime.now(UTC)
    if arguments.command == "now":
        _make()
    elif arguments.command == "list":
        sys.stdout.write("".join(f"{name}\n" for name in archive.names()))
    elif arguments.command == "swap":
        aside = swap(new=arguments.database, now=now)
        _say(f"{arguments.database} is now in use. The old database is kept as {aside}.")
    else:
        started = time.monotonic()
        manifest = archive.fetch(arguments.name)
        _say(f"Restoring {manifest.name}, {manifest.size} bytes, of release {manifest.release} …")
        new = restore_beside(archive, manifest=manifest, passphrase=_passphrase(), now=now)
        rides = manifest.counts.get("rentals_rental", 0)
        _say(
            f"Proven: {manifest.name} in {new}: {sum(manifest.counts.values())} rows in {len(manifest.counts)} tables,"
            f" {rides} rides, {time.monotonic() - started:.0f} s."
        )
        if arguments.command == "drill":
            server.drop(new)
        else:
            sys.stdout.write(f"{new}\n")


def _schedule() -> None:
    while True:
        try:
            due = LAST.stat().st_mtime + EVERY_SECONDS
        except FileNotFoundError:
            due = 0.0
        wait = due - time.time()
        if wait > 0:
            time.sleep(wait)
            continue
        try:
            _make()
        except (*REFUSALS, *OUTSIDE) as error:
            _say(f"The backup failed: {error}. Next try in {AGAIN_SECONDS} s.")
            time.sleep(AGAIN_SECONDS)


def _make() -> None:
    from bikerental.observe.heartbeat import heartbeat_record  # needs Django to be set up

    started = time.monotonic()
    manifest = backup_make(_archive(), passphrase=_passphrase(), release=settings.RELEASE, now=datetime.now(UTC))
    LAST.touch()
    heartbeat_record(name="backup", now=datetime.now(UTC))
    _say(f"Backup {manifest.name}: {manifest.size} bytes, {time.monotonic() - started:.1f} s.")


def _archive() -> Archive:
    return archive_of_environment(FOLDER, env.str("BACKUP_BUCKET", default=""))


def _passphrase() -> str:
    passphrase: str = env.str("BACKUP_PASSPHRASE", default="")
    if not passphrase or "change-me" in passphrase:
        sys.exit("BACKUP_PASSPHRASE is missing or still the committed example.")
    return passphrase


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)  # SystemExit runs the cleanup of unfinished work


if __name__ == "__main__":
    main()
