"""Clients that break HTTP's rules, over TLS to the proxy."""

import socket
import ssl
import time
from collections.abc import Sequence

QUIET_SECONDS = 2.0
LINES = "Host: localhost\r\n"

# Each gives its length in two ways, or in a way that only some servers understand.
AMBIGUOUS = {
    "length and chunks": "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    "chunks and a short length": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2a\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n0\r\n\r\n",
    "two lengths": "Content-Length: 0\r\nContent-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\nX: x\r\n",
    "a length with a sign": "Content-Length: +30\r\n\r\nGET /smuggled HTTP/1.1\r\nX: x\r\n",
    "chunks by another name": "Transfer-Encoding: xchunked\r\nContent-Length: 30\r\n\r\n"
    "GET /smuggled HTTP/1.1\r\nX: x\r\n",
    "a space before the colon": "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunks said twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\nG",
}


class Attacker:
    """Trusts the authority of the proxy's certificate.

    :param port: of the proxy, on this machine
    :param authority: a file
    """

    def __init__(self, port: int, authority: str) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=authority)

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("localhost", self._port), timeout=30)
        return self._context.wrap_socket(plain, server_hostname="localhost")

    def say(self, text: str) -> str:
        """Everything that is answered until the proxy closes the connection or stays silent."""
        with self.connect() as connection:
            connection.sendall(text.encode())
            return received(connection)


def received(connection: ssl.SSLSocket) -> str:
    connection.settimeout(QUIET_SECONDS)
    answer = b""
    try:
        while chunk := connection.recv(65536):
            answer += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    return answer.decode(errors="replace")


def dribble(connections: Sequence[ssl.SSLSocket], text: bytes) -> list[ssl.SSLSocket]:
    """Send a little more on each connection. Returns those that are still open."""
    still = []
    for connection in connections:
        try:
            connection.sendall(text)
        except OSError:
            continue
        still.append(connection)
    return still


def are_closed_within(seconds: float, connections: Sequence[ssl.SSLSocket], text: bytes) -> bool:
    """Whether the proxy closes the connections of clients that send a little each second within this time."""
    deadline = time.monotonic() + seconds
    while connections and time.monotonic() < deadline:
        time.sleep(1)
        connections = dribble(connections, text)
    return not connections
