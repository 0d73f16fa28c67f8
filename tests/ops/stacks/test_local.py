"""`docker compose -f local.yml up`: a change of the source takes effect, what is made inside belongs to the developer,
and mail is caught."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from compose.bare.processes import free_port
from tests.ops.stacks.engine import ROOT, build, run
from tests.ops.stacks.stack import Stack, direct, register, ride, settled
from tests.support.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]

RELOAD_SECONDS = 300  # for a busy machine; the measured time is printed
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".run", ".*_cache", "__pycache__", "tests", "docs")
DEVELOPER = 1234 if os.geteuid() == 0 else os.getuid()
MODEL = """

class Trial(models.Model):
    name = models.TextField(_("a text that nobody has translated"))
"""
PAGE = """
from django.http import HttpResponse

urlpatterns.append(path("trial/", lambda request: HttpResponse("changed")))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source that belongs to a developer whose id is not 1000."""
    folder = tmp_path_factory.mktemp("developer") / "bikerental"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, DEVELOPER, DEVELOPER, follow_symlinks=False)
    return folder


@pytest.fixture(scope="module")
def local(engine: None, checkout: Path) -> Iterator[Stack]:
    given = os.environ.get("TRIAL_DEVELOPER_IMAGE")
    image = given or build(f"bikerental-trial-developer:{os.getpid()}", "--target", "local")
    ports = {name: str(free_port()) for name in ("PORT", "FLOWER_PORT", "MAILDEV_PORT", "POSTGRES_PORT")}
    ids = {"UID": str(DEVELOPER), "GID": str(DEVELOPER)}
    stack = Stack(str(checkout / "local.yml"), name="local", DEVELOPER_IMAGE=image, **ids, **ports)
    try:
        stack.up()
        yield stack
    finally:
        stack.down()
        if not given:
            run("docker", "image", "rm", "--force", image)


@pytest.fixture
def address(local: Stack) -> str:
    return f"http://localhost:{local.environment['PORT']}"


def test_a_receipt_lands_in_maildev(local: Stack, address: str) -> None:
    rider = direct()
    register(rider, f"{address}/api/v1", "rider@local.example")
    settled(rider, ride(rider, f"{address}/api/v1"))
    inbox = f"http://localhost:{local.environment['MAILDEV_PORT']}/email"

    def receivers() -> str:
        return str([message["to"] for message in direct().get(inbox, timeout=15).json()])

    assert eventually(lambda: "rider@local.example" in receivers(), 90)


def test_the_debug_toolbar_is_on(address: str) -> None:
    assert 'id="djDebug"' in direct().get(f"{address}/admin/login/", timeout=15).text


def test_flower_answers(local: Stack) -> None:
    assert direct().get(f"http://localhost:{local.environment['FLOWER_PORT']}/", timeout=15).ok


def test_a_line_of_the_log_is_whole_and_there_once(local: Stack, address: str) -> None:
    ids = [uuid4().hex for _ in range(20)]
    for one in ids:
        direct().get(f"{address}/api/v1/zones/", headers={"X-Request-ID": one}, timeout=15)

    def lines(one: str) -> list[str]:
        logged = local.compose("logs", "--no-log-prefix", "web").stdout.splitlines()
        return [line for line in logged if one in line]

    assert eventually(lambda: bool(lines(ids[-1])), 60)
    for one in ids:
        [line] = lines(one)
        # Docker Compose 2.26 puts "erase the line" before each.
        assert json.loads(line.removeprefix("\x1b[2K"))["status"] == 401


def test_files_made_inside_belong_to_the_developer(local: Stack, checkout: Path) -> None:
    models = checkout / "bikerental/maintenance/models.py"
    before = {path: path.stat().st_mtime_ns for path in checkout.rglob("*") if path.is_file()}
    models.write_text(models.read_text() + MODEL)

    made = local.compose(
        *("run", "--rm", "--no-deps", "-T", "web", "sh", "-ec"),
        "python manage.py makemigrations maintenance --name trial; python manage.py migrate; "
        "python manage.py makemessages -l ru --ignore '.*' --ignore compose; python manage.py startapp trial",
    )

    assert made.returncode == 0, made.stderr[-3000:]
    files = {path for path in checkout.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    written = {path for path in files if path.stat().st_mtime_ns != before.get(path)} - {models}
    names = {str(path.relative_to(checkout)) for path in written}
    assert names >= {"trial/apps.py", "bikerental/locale/ru/LC_MESSAGES/django.po"}
    assert [name for name in names if name.endswith("_trial.py")] != []
    assert {path.stat().st_uid for path in written} == {DEVELOPER}
    assert "a text that nobody has translated" in (checkout / "bikerental/locale/ru/LC_MESSAGES/django.po").read_text()
    assert local.sql("SELECT count(*) FROM maintenance_trial") == "0"


def test_a_changed_source_is_taken_up_by_web_worker_and_beat(local: Stack, address: str, checkout: Path) -> None:
    marks = {"web": "Starting development server", "worker": " ready.", "beat": "beat: Starting..."}

    def starts() -> dict[str, int]:
        return {name: local.compose("logs", "--no-log-prefix", name).stdout.count(mark) for name, mark in marks.items()}

    assert eventually(lambda: answers(f"{address}/health/ready/"), RELOAD_SECONDS)
    before = starts()
    urls = checkout / "config/urls.py"
    urls.write_text(urls.read_text() + PAGE)
    began = time.monotonic()

    assert eventually(lambda: answers(f"{address}/trial/"), RELOAD_SECONDS)
    sys.stdout.write(f"\nA change was served after {time.monotonic() - began:.1f} s.\n")
    assert eventually(lambda: all(starts()[name] > before[name] for name in marks), RELOAD_SECONDS), (before, starts())


def test_the_process_that_waits_has_none_of_the_source() -> None:
    code = (
        "import ready, sys; ready.prepare(); "
        "print([name for name in sys.modules if name.split('.')[0] in ('bikerental', 'config')])"
    )
    place = {"PYTHONPATH": f"{ROOT / 'compose/local'}:{ROOT}"}

    waiting = run(sys.executable, "-c", code, environment=place)

    assert waiting.stdout == "[]\n", waiting.stderr


def answers(url: str) -> bool:
    try:
        return direct().get(url, timeout=15).ok
    except requests.ConnectionError:
        return False
