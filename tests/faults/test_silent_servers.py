"""The mail server, or the storage of photos, takes connections and never answers. Prices come in time all the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from celery import current_app
from django.utils import timezone
from kombu import Connection

from bikerental.maintenance.models import PhotoUpload
from bikerental.maintenance.tasks import publish_photos
from bikerental.notifications.tasks import deliver_notifications
from bikerental.rentals.models import Rental
from bikerental.rentals.tasks import settle_rentals
from tests.factories import make_bike, make_returned_rental, make_user
from tests.live import own_redis, worker
from tests.notifications.conftest import make_notification
from tests.support.serving import serving
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 6  # three for each process of the worker. Each would make it wait for five or ten seconds


class SilentServer(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Silence)
        self.open: set[int] = set()
        self.most_open = 0
        self.is_over = Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Silence(BaseRequestHandler):
    server: SilentServer

    def handle(self) -> None:
        self.server.open.add(id(self))
        self.server.most_open = max(self.server.most_open, len(self.server.open))
        self.request.settimeout(0.1)
        while not self.server.is_over.is_set() and self.is_connected():
            pass
        self.server.open.discard(id(self))

    def is_connected(self) -> bool:
        try:
            return bool(self.request.recv(4096))
        except TimeoutError:
            return True
        except ConnectionResetError:
            return False


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    with serving(SilentServer()) as server:
        try:
            yield server
        finally:
            server.is_over.set()


def send(task: str, ids: Sequence[UUID], broker: Connection) -> None:
    current_app.send_task(task, kwargs={"ids": [str(row_id) for row_id in ids]}, connection=broker)


def settle_while_waiting(folder: Path, server: SilentServer, task: Any, ids: Sequence[UUID], **names: str) -> None:
    """Settle a ride while tasks wait for the server. Of these one at a time may be connected.

    :param names: the settings that name the server
    """
    rental = make_returned_rental()
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings.local", "CACHE_URL": ""} | names
    with (
        own_redis(folder) as redis,
        worker(folder / "worker.log", REDIS_URL=redis.url, **settings),
        Connection(redis.url) as broker,
    ):
        for row_id in ids:
            send(task.name, [row_id], broker)
        assert eventually(lambda: server.most_open > 0, 30)
        send(settle_rentals.name, [rental.pk], broker)

        assert eventually(lambda: Rental.objects.get().status == "settled", 30)
        assert server.most_open == 1
        server.is_over.set()  # so that the worker ends at once


def test_a_silent_mail_server_takes_one_process_of_the_worker(tmp_path: Path) -> None:
    messages = [make_notification(number).pk for number in range(ROWS)]
    with silent_server() as server:
        settle_while_waiting(tmp_path, server, deliver_notifications, messages, EMAIL_URL=f"smtp://{server.address}")


def test_a_silent_storage_takes_one_process_of_the_worker(tmp_path: Path) -> None:
    photos = [make_photo(number).pk for number in range(ROWS)]
    with silent_server() as server:
        storage = {
            "AWS_STORAGE_BUCKET_NAME": "media",
            "AWS_S3_ENDPOINT_URL": f"http://{server.address}",
            "AWS_S3_REGION_NAME": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "access",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        settle_while_waiting(tmp_path, server, publish_photos, photos, **storage)


def make_photo(number: int) -> PhotoUpload:
    past = timezone.now() - timedelta(minutes=1)
    fields = {"bike": make_bike(), "uploader": make_user(), "state": "confirmed", "key": f"uploads/{number}"}
    return PhotoUpload.objects.create(**fields, expires_at=past, confirmed_at=past)
