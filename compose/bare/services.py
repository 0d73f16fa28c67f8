"""Temporary PostgreSQL and Redis servers for one command, such as the tests or the benchmark."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from types import FrameType

from compose.bare import postgresql, redis_server
from compose.bare.guard import guarded
from compose.bare.postgresql import PostgreSQL
from compose.bare.progress import UserError, step
from compose.bare.redis_server import RedisServer
from compose.bare.state import MARK, ROOT, State


def with_services(command: list[str], *, is_durable: bool) -> int:
    """Run the command with DATABASE_URL and REDIS_URL set. If they are already set, those servers are used."""
    state = State(Path(tempfile.mkdtemp(prefix="bikerental-")))
    state.create()
    environment = tool_environment() | {MARK: state.mark}
    with guarded(state, environment=environment, is_temporary=True):
        wanted = _missing_servers(state, is_durable=is_durable)
        if wanted:
            with step("Starting " + " and ".join(wanted)):
                environment |= {variable: _start(server, environment) for variable, server in wanted.values()}
        return _run(command, environment)


def tool_environment() -> dict[str, str]:
    """The environment with the servers' own tools (psql, pg_dump, redis-cli) first on the path.

    Tools of another release may not fit, and Debian's psql fails if no client is installed behind it.
    """
    folders = (str(postgresql.client_programs()), str(redis_server.client_programs()))
    return dict(os.environ) | {"PATH": os.pathsep.join((*folders, os.environ.get("PATH", os.defpath)))}


Servers = dict[str, tuple[str, PostgreSQL | RedisServer]]


def _missing_servers(state: State, *, is_durable: bool) -> Servers:
    servers: Servers = {}
    if "DATABASE_URL" not in os.environ:
        servers["PostgreSQL"] = ("DATABASE_URL", PostgreSQL(state, is_durable=is_durable))
    if "REDIS_URL" not in os.environ:
        servers["Redis"] = ("REDIS_URL", RedisServer(state, is_durable=is_durable))
    return servers


def _start(server: PostgreSQL | RedisServer, environment: dict[str, str]) -> str:
    server.prepare()
    account = server.account if isinstance(server, PostgreSQL) else None
    with server.log.open("a") as output:
        subprocess.Popen(
            server.command,
            cwd="/",
            env=environment,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server.wait()
    return server.url


def _run(command: list[str], environment: dict[str, str]) -> int:
    # In our process group, so that it can read from the terminal, as a debugger does. The terminal's Ctrl-C reaches it
    # directly.
    try:
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run: {error.strerror}.") from error

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, forward)
    signal.signal(signal.SIGHUP, forward)
    code = process.wait()
    return code if code >= 0 else 128 - code
