"""A streaming replica of the tests' server, made by pg_basebackup."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg2

from compose.bare.postgresql import PostgreSQL, client_programs, remove_data
from compose.bare.processes import end_leftovers
from compose.bare.state import MARK, State
from tests.live import database_url
from tests.support.processes import send
from tests.support.waiting import eventually

COPY_SECONDS = 120
CATCH_UP_SECONDS = 60


class Replica(PostgreSQL):
    """Starts from a copy instead of an empty cluster."""

    def __init__(self, state: State) -> None:
        super().__init__(state, is_durable=False)
        self.primary = urlsplit(os.environ["DATABASE_URL"])
        self.password = self.primary.password or ""
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def tests_url(self) -> str:
        """The URL of the copy of pytest-django's database."""
        return urlsplit(database_url())._replace(netloc=urlsplit(self.url).netloc).geturl()

    def _initialise(self) -> None:
        address = {"host": self.primary.hostname, "port": self.primary.port, "user": self.primary.username}
        source = " ".join(f"{name}={value}" for name, value in (address | {"password": self.password}).items())
        copying: list[str | Path] = [client_programs() / "pg_basebackup", "--dbname", source, "--pgdata", self.data]
        options = ["--checkpoint=fast", "--write-recovery-conf", "--no-sync"]
        done = subprocess.run([*copying, *options], capture_output=True, text=True, timeout=COPY_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        for path in (self.data, *self.data.rglob("*")):
            self._give_away(path)

    def start(self) -> None:
        self.prepare()
        with self.log.open("a") as output:
            self._running = subprocess.Popen(
                self.command,
                cwd="/",
                env=os.environ | {MARK: self.state.mark},
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.wait()

    def stop(self) -> None:
        end_leftovers(self.state)
        if self._running:
            self._running.wait(CATCH_UP_SECONDS)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        assert self._running
        server = psutil.Process(self._running.pid)
        processes = [server, *server.children()]
        send(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            send(processes, signal.SIGCONT)

    def query(self, sql: str, *values: object) -> Any:
        """The first column of the first row."""
        return query(self.tests_url, sql, *values)

    def catch_up(self) -> None:
        place = flush()

        def has() -> bool:
            return bool(self.query("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", place))

        assert eventually(has, CATCH_UP_SECONDS), self.log.read_text()[-2000:]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop replaying: the replica has everything up to now, and nothing later."""
        self.catch_up()
        self.query("SELECT pg_wal_replay_pause()::text")
        # The call returns at once, while the last record may still be replayed.
        assert eventually(lambda: self.query("SELECT pg_get_wal_replay_pause_state()") == "paused", CATCH_UP_SECONDS)
        try:
            yield
        finally:
            self.query("SELECT pg_wal_replay_resume()::text")


def flush() -> str:
    """Make the primary write everything that was committed, which it would do a moment later. Returns its position."""
    return str(query(database_url(), "SELECT pg_logical_emit_message(false, 'tests', '', true)::text"))


@contextmanager
def streaming_replica() -> Iterator[Replica]:
    state = State(Path(tempfile.mkdtemp(prefix="bikerental-")))
    state.create()
    replica = Replica(state)
    try:
        replica.start()
        yield replica
    finally:
        replica.stop()
        remove_data(state)


def missing() -> str:
    """Why no replica can run here, or an empty text."""
    own = subprocess.run([client_programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
    major = query(os.environ["DATABASE_URL"], "SELECT current_setting('server_version_num')::int / 10000")
    if f" {major}." not in own.stdout:
        return f"the server of DATABASE_URL is {major}, the programs at hand are {own.stdout.strip()}"
    if not query(os.environ["DATABASE_URL"], "SELECT rolreplication FROM pg_roles WHERE rolname = current_user"):
        return "the role of DATABASE_URL may not replicate"
    return ""


def query(url: str, sql: str, *values: object) -> Any:
    with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            row = cursor.fetchone()
    return row[0] if row else None
