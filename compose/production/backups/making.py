"""Makes a backup of the database in use, and checks that it can be read."""

from datetime import datetime
from pathlib import Path

from compose.production.backups import server
from compose.production.backups.archive import Archive, Manifest, backup_name, digest
from compose.production.backups.pipes import gpg, run_pipe


def backup_make(archive: Archive, *, passphrase: str, release: str, now: datetime) -> Manifest:
    """Dump, encrypt, check, keep and send a backup, and remove old ones.

    The rows are counted in the snapshot that is dumped, so that a restore can be compared with the counts.

    :raises PipeError: if the dump or its check fails; then nothing is kept
    """
    database = server.database_name()
    name = backup_name(database, now)
    archive.folder.clear_unfinished()
    partial = archive.folder.path / f"{name}.dump.gpg.part"
    try:
        with server.connected(database) as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            [(snapshot,)] = server.rows(connection, "SELECT pg_export_snapshot()")
            _dump(partial, database=database, snapshot=snapshot, passphrase=passphrase)
            counts = server.counts(connection)
        _check_readable(partial, passphrase=passphrase)
        manifest = Manifest(name, release, partial.stat().st_size, digest(partial), counts)
        archive.store(manifest, partial)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _dump(partial: Path, *, database: str, snapshot: str, passphrase: str) -> None:
    dump = ["pg_dump", "--format=custom", "--compress=6", "--lock-wait-timeout=10s", f"--snapshot={snapshot}"]
    encrypt, descriptor = gpg(
        "--cipher-algo", "AES256", "--compress-algo", "none", "--symmetric", passphrase=passphrase
    )
    with partial.open("wb") as target:
        partial.chmod(0o600)
        environment = server.environment(database)
        run_pipe(dump, encrypt, target=target, environment=environment, passed=(descriptor,))


def _check_readable(partial: Path, *, passphrase: str) -> None:
    """Decrypt the dump and convert it to SQL, up to its last byte. The SQL is discarded."""
    decrypt, descriptor = gpg("--decrypt", passphrase=passphrase)
    with partial.open("rb") as source:
        environment = server.environment("postgres")
        run_pipe(
            decrypt,
            ["pg_restore", "--file=/dev/null"],
            source=source,
            environment=environment,
            passed=(descriptor,),
        )
