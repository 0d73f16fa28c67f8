"""From a backup to a proven database beside the one in use, and into its place."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit, urlunsplit

import environ

from compose.production.backups import server
from compose.production.backups.archive import STAMP, Archive, Manifest
from compose.production.backups.pipes import PipeError, gpg, run_pipe

NOT_PROVEN = """
    SELECT 'constraint ' || conname FROM pg_constraint WHERE NOT convalidated
    UNION ALL SELECT 'index ' || indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
"""
MIGRATE_SECONDS = 1800


class NotProvenError(Exception):
    """What was restored is not what was dumped, or not what the code needs."""


def restore_beside(archive: Archive, *, manifest: Manifest, passphrase: str, now: datetime) -> str:
    """Restore into a new database and prove it; its name. The one in use is not touched.

    :raises PipeError: at the first statement that fails
    :raises NotProvenError: if rows are missing, a constraint or an index is not valid
    """
    new = f"{server.database_name()}_restored_{now.astimezone(UTC):{STAMP}}".lower()
    server.create(new)
    try:
        _load(archive, manifest=manifest, database=new, passphrase=passphrase)
        _prove_rows(new, manifest)
        _bring_up_to_date(new)
    except BaseException:  # an operator's Ctrl-C too leaves no half database
        server.drop(new)
        raise
    return new


def swap(*, new: str, now: datetime) -> str:
    """Let the new database take the name of the one in use; the name that one has now."""
    current = server.database_name()
    if not new.startswith(f"{current}_restored_"):
        raise NotProvenError(f"{new} is not one that a restore made.")
    aside = f"{current}_before_{now.astimezone(UTC):{STAMP}}".lower()
    server.exchange(current=current, new=new, aside=aside)
    return aside


def _load(archive: Archive, *, manifest: Manifest, database: str, passphrase: str) -> None:
    decrypt, descriptor = gpg("--decrypt", passphrase=passphrase)
    load = ["pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={database}"]
    with archive.folder.file(manifest.name).open("rb") as source:
        run_pipe(decrypt, load, source=source, environment=server.environment(database), passed=(descriptor,))


def _prove_rows(database: str, manifest: Manifest) -> None:
    with server.connected(database) as connection:
        found = server.counts(connection)
        doubtful = [what for (what,) in server.rows(connection, NOT_PROVEN)]
    other = sorted(name for name in found | manifest.counts if found.get(name) != manifest.counts.get(name))
    if other:
        raise NotProvenError(f"Not as many rows as were dumped: {', '.join(other)}.")
    if doubtful:
        raise NotProvenError(f"Not valid: {', '.join(doubtful)}.")


def _bring_up_to_date(database: str) -> None:
    """An older backup gets the migrations since; then the code must find nothing missing."""
    address = urlsplit(environ.FileAwareEnv().str("DATABASE_URL"))
    environment = os.environ | {
        "DATABASE_URL": urlunsplit(address._replace(path=f"/{quote(database)}")),
        "DATABASE_STATEMENT_TIMEOUT_MS": "900000",
    }
    environment.pop("DATABASE_URL_FILE", None)
    for arguments in (["migrate", "--no-input", "--verbosity=0"], ["migrate", "--check"]):
        command = [sys.executable, "manage.py", *arguments]
        # Django's words go to standard error: standard output is for the name of the database.
        if subprocess.run(command, env=environment, stdout=sys.stderr, timeout=MIGRATE_SECONDS, check=False).returncode:
            raise PipeError(f"manage.py {' '.join(arguments)} failed in {database}.")
