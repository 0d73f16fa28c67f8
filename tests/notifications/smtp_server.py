"""A mail server with the answers that a test sets."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.serving import serving


class SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.answers = answers
        self.received: list[str] = []
        self.recipients: list[str] = []
        self.connections = 0


class Conversation(socketserver.StreamRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        self.server.connections += 1
        self.say("220 ready")
        while line := self.rfile.readline():
            verb = line.split()[0].split(b":")[0].decode().upper()
            if verb == "RCPT":
                self.server.recipients.append(line.decode().partition("<")[2].partition(">")[0])
            answer = self.server.answers.get(verb, "354 go on" if verb == "DATA" else "250 ok")
            if answer == "hang up":
                return
            self.say(answer)
            if answer.startswith("354"):
                self.server.received.append(self.message())
                self.say(self.server.answers.get(".", "250 taken"))
            if verb == "QUIT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def message(self) -> str:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines).decode()


@contextmanager
def smtp_server(answers: dict[str, str]) -> Iterator[SmtpServer]:
    with serving(SmtpServer(answers)) as server:
        yield server
