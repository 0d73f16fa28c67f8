"""PgBouncer in transaction mode before the tests' server."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from compose.bare.processes import free_port
from tests.live import database_url, listens, stop, wait_for

ROOT = Path(__file__).resolve().parents[1]
# The file that docs/operations/scaling.md names. The tests replace only addresses and paths.
CONFIGURATION = ROOT / "compose" / "production" / "pgbouncer" / "pgbouncer.ini"
CONSOLE_PASSWORD = "opens-the-console"
PROGRAM = shutil.which("pgbouncer", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))


class PgBouncer:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "pgbouncer.log"
        self._direct = urlsplit(database_url())
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        login = f"{self._direct.username}:{self._direct.password}"
        return self._direct._replace(netloc=f"{login}@127.0.0.1:{self.port}").geturl()

    def start(self) -> None:
        ini, users = self._folder / "pgbouncer.ini", self._folder / "users.txt"
        direct = self._direct
        users.write_text(f'"{direct.username}" "{direct.password}"\n"pooler" "{CONSOLE_PASSWORD}"\n')
        text = CONFIGURATION.read_text().replace("postgres.example", str(direct.hostname))
        text = text.replace("port=5432", f"port={direct.port}").replace("= 6432", f"= {self.port}")
        ini.write_text(text.replace("/etc/pgbouncer/users.txt", str(users)))
        # PgBouncer refuses to run as root.
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        for path in (self._folder, ini, users):
            if account:
                os.chown(path, account.pw_uid, account.pw_gid)
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                [str(PROGRAM), str(ini)],
                cwd="/",
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_for(lambda: listens(self.port), self._running, self.log)

    def stop(self) -> None:
        if self._running:
            stop(self._running)

    def console(self, command: str) -> list[dict[str, object]]:
        url = f"postgres://pooler:{CONSOLE_PASSWORD}@127.0.0.1:{self.port}/pgbouncer"
        with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(command)
                names = [column.name for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()] if names else []


@contextmanager
def pgbouncer() -> Iterator[PgBouncer]:
    folder = Path(tempfile.mkdtemp(prefix="bikerental-"))
    pooler = PgBouncer(folder)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.stop()
        shutil.rmtree(folder)
