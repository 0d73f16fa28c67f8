"""An open load: requests are sent on schedule, whether or not the earlier ones were answered.

It also acts as the proxy: each request has a header with the time at which it was sent.
"""

import asyncio
import random
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0
OPEN_MAX = 4000  # connections
IDLE_MAX = 32  # as many as Caddy keeps: idle connections take places from waiting ones
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
FAILED = 0  # used in place of a status
USUAL = (*range(200, 300), 503)


class TooManyOpenError(OSError):
    """The load itself has no place for another connection: the requests came faster than they were answered."""


@dataclass(frozen=True)
class Answer:
    """`seconds` since the scheduled time, including a delay before it was sent."""

    status: int
    seconds: float
    at: float  # seconds since the load began


@dataclass
class Tally:
    """The results of a load. Times are in seconds."""

    seconds: float
    offered: int = 0
    answers: list[Answer] = field(default_factory=list)
    open_max: int = 0
    late_max: float = 0.0  # how late the load itself was at most
    failures: Counter[str] = field(default_factory=Counter)  # requests without an answer, by reason

    @property
    def served(self) -> list[Answer]:
        return [answer for answer in self.answers if 200 <= answer.status < 300]

    @property
    def shed(self) -> int:
        return sum(answer.status == 503 for answer in self.answers)

    @property
    def others(self) -> dict[str, int]:
        """All other answers by status, and failures by reason."""
        odd = Counter(str(answer.status) for answer in self.answers if answer.status not in {FAILED, *USUAL})
        return dict(odd + self.failures)


def quantile(answers: list[Answer], share: float) -> float:
    """The time in seconds within which this share of them was answered; nan if there are none."""
    times = sorted(answer.seconds for answer in answers)
    return times[min(len(times) - 1, int(len(times) * share))] if times else float("nan")


class _Connection(asyncio.Protocol):
    """One request at a time. Every answer must have a Content-Length."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, text: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        assert self.transport
        self._received = b""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(text)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if end and length and len(body) >= int(length[1]) and self._answer and not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError())


class Client:
    """Sends requests, and measures each answer from the time at which its request was due."""

    def __init__(self, url: str, tally: Tally, *, started: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._tally = tally
        self._started = started
        self._idle: deque[_Connection] = deque()
        self._open = 0

    async def ask(
        self, method: str, path: str, *, token: str, due: float, body: bytes = b"", more: str = ""
    ) -> tuple[int, bytes]:
        """The answer's status and body. `due` is in seconds of the monotonic clock."""
        tally = self._tally
        tally.offered += 1
        tally.late_max = max(tally.late_max, time.monotonic() - due)
        self._open += 1
        tally.open_max = max(tally.open_max, self._open)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, content = await self._exchange(head, body)
        except (OSError, TimeoutError) as error:
            status, content = FAILED, b""
            tally.failures[type(error).__name__] += 1
        self._open -= 1
        now = time.monotonic()
        tally.answers.append(Answer(status, now - due, now - self._started))
        return status, content

    async def _exchange(self, head: str, body: bytes) -> tuple[int, bytes]:
        if self._open > OPEN_MAX:
            raise TooManyOpenError
        connection = self._connection() or await self._connected()
        stamp = f"X-Request-Start: {int(time.time() * 1000)}\r\n\r\n"
        answered = False
        try:
            found = await connection.ask(f"{head}{stamp}".encode() + body)
            answered = True
            return found
        finally:
            if answered and len(self._idle) < IDLE_MAX:
                self._idle.append(connection)
            elif connection.transport:
                connection.transport.close()

    def _connection(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.transport and not connection.transport.is_closing():
                return connection
        return None

    async def _connected(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return connection

    def close(self) -> None:
        for connection in self._idle:
            if connection.transport:
                connection.transport.close()


Arrival = Callable[[Client, float], Coroutine[None, None, None]]


def dues(rate: float, seconds: float, chance: random.Random) -> Iterator[float]:
    """Independent arrivals (a Poisson process), on average `rate` a second."""
    at = chance.expovariate(rate)
    while at < seconds:
        yield at
        at += chance.expovariate(rate)


async def load(url: str, arrival: Arrival, *, rate: float, seconds: float, chance: random.Random) -> Tally:
    """Run this many arrivals a second for this long, and wait for the last answer."""
    tally = Tally(seconds)
    started = time.monotonic()
    client = Client(url, tally, started=started)
    running: set[asyncio.Task[None]] = set()
    for at in dues(rate, seconds, chance):
        await asyncio.sleep(max(0.0, started + at - time.monotonic()))
        task = asyncio.create_task(arrival(client, started + at))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running)
    client.close()
    return tally
