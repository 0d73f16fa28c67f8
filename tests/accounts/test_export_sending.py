"""The export over the wire: slow readers block no rides, and a closed connection leaves nothing behind."""

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from bikerental.core.db.keyset import PAGE_SIZE_MAX
from bikerental.http.streams import STREAMS_MAX
from bikerental.notifications.models import Notification
from tests.clients import RiderClient
from tests.factories import make_user
from tests.live import web_server
from tests.support.waiting import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EXPORT = "/api/v1/me/export/"


def test_slow_readers_leave_a_thread_for_others(tmp_path: Path) -> None:
    client, *others = [RiderClient(make_user()) for _ in range(STREAMS_MAX + 1)]
    for each in others:
        # More than the kernel and the server buffer for a client that does not read.
        Notification.objects.bulk_create(
            Notification(
                kind="receipt",
                recipient=each.rider,
                key=f"{each.rider.pk}{number}",
                language="en",
                context={"text": "x" * 60_000},
            )
            for number in range(3 * PAGE_SIZE_MAX)
        )
    token = {"Authorization": f"Bearer {client.tokens.access}"}
    whole = {"Authorization": f"Bearer {others[0].tokens.access}"}
    with web_server(tmp_path / "web.log", processes=1) as address:
        readers = [slow_reader(address, f"Bearer {each.tokens.access}") for each in others]
        profile = requests.get(f"{address}/api/v1/me/", headers=token, timeout=10)
        refused = requests.get(f"{address}{EXPORT}", headers=token, timeout=10)
        for reader in readers:
            reader.close()

        def is_whole() -> bool:
            answer = requests.get(f"{address}{EXPORT}", headers=whole, timeout=60)
            return answer.status_code == 200 and len(json.loads(answer.content)["notifications"]) == 3 * PAGE_SIZE_MAX

        assert profile.status_code == 200
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert eventually(is_whole, 20)


def slow_reader(address: str, authorization: str) -> socket.socket:
    host, port = urlsplit(address).netloc.split(":")
    reader = socket.create_connection((host, int(port)), timeout=30)
    reader.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n\r\n".encode())
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader
