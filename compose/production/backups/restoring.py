"""Restores a backup into a new database beside the one in use, checks it, and exchanges the two."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit, urlunsplit

import environ

from compose.production.backups import server
from compose.production.backups.archive import STAMP, Archive, Manifest
from compose.production.backups.pipes import PipeError, gpg, run_pipe

NOT_VALID = """
    SELECT 'constraint ' || conname FROM pg_constraint WHERE NOT convalidated
    UNION ALL SELECT 'index ' || indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
"""
MIGRATE_SECONDS = 1800
URLS = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "BACKUP_DATABASE_URL")


class RestoreCheckError(Exception):
    """The restored database differs from the dump, or lacks something that the code needs."""


def restore_beside(archive: Archive, *, manifest: Manifest, passphrase: str, now: datetime) -> str:
    """Restore into a new database and check it. Returns its name. The database in use is not changed.

    :raises PipeError: at the first statement that fails
    :raises RestoreCheckError: if rows are missing, or a constraint or an index is not valid
    """
    new = f"{server.database_name()}_restored_{now.astimezone(UTC):{STAMP}}".lower()
    server.create(new)
    try:
        _load(archive, manifest=manifest, database=new, passphrase=passphrase)
        _check_rows(new, manifest)
        _bring_up_to_date(new)
    except BaseException:  # also after an operator's Ctrl-C no half-restored database remains
        server.drop(new)
        raise
    return new


def swap(*, new: str, now: datetime) -> str:
    """Give the new database the name of the one in use. Returns the new name of the old one."""
    current = server.database_name()
    if not new.startswith(f"{current}_restored_"):
        raise RestoreCheckError(f"{new} was not made by a restore.")
    aside = f"{current}_before_{now.astimezone(UTC):{STAMP}}".lower()
    server.exchange(current=current, new=new, aside=aside)
    return aside


def _load(archive: Archive, *, manifest: Manifest, database: str, passphrase: str) -> None:
    decrypt, descriptor = gpg("--decrypt", passphrase=passphrase)
    load = ["pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={database}"]
    with archive.folder.file(manifest.name).open("rb") as source:
        run_pipe(decrypt, load, source=source, environment=server.environment(database), passed=(descriptor,))


def _check_rows(database: str, manifest: Manifest) -> None:
    with server.connected(database) as connection:
        found = server.counts(connection)
        invalid = [what for (what,) in server.rows(connection, NOT_VALID)]
    other = sorted(name for name in found | manifest.counts if found.get(name) != manifest.counts.get(name))
    if other:
        raise RestoreCheckError(f"Not as many rows as were dumped: {', '.join(other)}.")
    if invalid:
        raise RestoreCheckError(f"Not valid: {', '.join(invalid)}.")


def _bring_up_to_date(database: str) -> None:
    """Run the migrations that are newer than the backup, check that the code finds nothing missing, and give the roles
    their rights, which the dump brings along for no other server's roles."""
    environment = os.environ | _addresses(database) | {"DATABASE_STATEMENT_TIMEOUT_MS": "900000"}
    for arguments in (["migrate", "--no-input", "--verbosity=0"], ["migrate", "--check"], ["database_roles"]):
        command = [sys.executable, "manage.py", *arguments]
        # Django's output goes to standard error, because standard output is for the name of the database.
        if subprocess.run(command, env=environment, stdout=sys.stderr, timeout=MIGRATE_SECONDS, check=False).returncode:
            raise PipeError(f"manage.py {' '.join(arguments)} failed in {database}.")


def _addresses(database: str) -> dict[str, str]:
    """The URLs of all roles, with this database."""
    env = environ.FileAwareEnv()
    known = {name: env.str(name, default="") for name in URLS}
    return {
        **{f"{name}_FILE": "" for name in URLS},
        **{name: urlunsplit(urlsplit(url)._replace(path=f"/{quote(database)}")) for name, url in known.items() if url},
    }
