"""The stack on a bare machine with its real processes: its start, its end, and the data that it keeps."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from bikerental.demo.constants import DEMO_PASSWORD, DEMO_RIDER_EMAIL
from compose.bare import bootstrap, processes
from compose.bare.postgresql import OUTSIDE, client_programs
from compose.bare.processes import free_port, started_logged
from compose.bare.progress import UserError
from compose.bare.services import tool_environment
from compose.bare.stack import Stack
from compose.bare.state import ROOT, State
from compose.bare.supervision import Group, Program, Supervisor
from tests.support.processes import asked, send
from tests.support.waiting import wait_until

BARE = [sys.executable, "-m", "compose.bare"]
START_SECONDS = 240  # for a busy machine with two cores, including the demo city
STOP_SECONDS = 60
REFUSAL_SECONDS = 60
RESTRICTED = "bikerental_app|f"
# Set by `make test`, or by the suite itself.
ADDED_BY_US = {
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
    "PROMETHEUS_MULTIPROC_DIR",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
}


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment of a fresh terminal, with our own environment's programs on the path."""
    kept = {name: value for name, value in os.environ.items() if name not in ADDED_BY_US}
    folder = str(Path(sys.executable).parent)
    return kept | {"PATH": os.pathsep.join((folder, kept.get("PATH", os.defpath)))} | extra


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


class Run:
    """One `python -m compose.bare run`, or another command that starts the stack."""

    def __init__(self, folder: Path, *command: str, **extra: str) -> None:
        self.folder = folder
        self.web = free_port()
        self.flower = free_port()
        self.log = folder.with_suffix(".txt")
        ports = {"PORT": str(self.web), "FLOWER_PORT": str(self.flower)}
        self.environment = clean_environment(STATE_DIR=str(folder), **ports) | extra
        with self.log.open("w") as output:
            self.runner = subprocess.Popen(
                [*BARE, *(command or ["run"])],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_for_line(self, text: str) -> None:
        def is_said() -> bool:
            assert self.runner.poll() is None, self.output
            return text in self.output

        wait_until(is_said, START_SECONDS, text)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.runner.pid).children(recursive=True)

    def members(self, *words: str) -> list[psutil.Process]:
        found = [each for each in self.family() if set(words) <= set(command_of(each))]
        assert found, f"nothing runs with {words}"
        return found

    def url(self, path: str) -> str:
        return f"http://localhost:{self.web}{path}"

    def inside(self, *command: str, **extra: str) -> str:
        return subprocess.run(
            [*BARE, "inside", "--", *command],
            cwd=ROOT,
            env=self.environment | extra,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout


@contextmanager
def running(folder: Path, *command: str, **extra: str) -> Iterator[Run]:
    run = Run(folder, *command, **extra)
    try:
        yield run
    finally:
        if run.runner.poll() is None:
            run.runner.terminate()
            run.runner.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One state folder for the module, so that only the first start makes the demo city."""
    folder = tmp_path_factory.mktemp("bare") / "state"
    yield folder
    clean = [*BARE, "clean", "--yes"]
    subprocess.run(clean, cwd=ROOT, env=clean_environment(STATE_DIR=str(folder)), timeout=STOP_SECONDS, check=True)
    assert not folder.exists()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if status_of(each) not in (None, psutil.STATUS_ZOMBIE)]


def status_of(process: psutil.Process) -> str | None:
    """None if it has ended, and also if another one got its number."""
    try:
        return process.status() if process.is_running() else None
    except psutil.NoSuchProcess:  # it ended just now
        return None


def in_database(run: Run, sql: str, role: str = "DATABASE_URL") -> str:
    return run.inside("sh", "-c", f'psql --no-psqlrc --tuples-only --no-align "${role}" --command "{sql}"').strip()


@pytest.mark.slow
def test_run_serves_term_ends_it_and_the_next_has_its_data(folder: Path) -> None:
    with running(folder) as run:
        run.wait_for_line("Ready after")
        login = {"email": DEMO_RIDER_EMAIL, "password": DEMO_PASSWORD}
        assert DEMO_RIDER_EMAIL in run.output
        assert requests.post(run.url("/api/v1/auth/token/"), json=login, timeout=20).status_code == 200
        assert "swagger" in requests.get(run.url("/api/docs/"), timeout=20).text
        assert requests.get(run.url("/admin/login/"), timeout=20).status_code == 200
        assert requests.get(f"http://127.0.0.1:{run.flower}/", timeout=20).status_code == 200
        in_database(run, "CREATE TABLE kept AS SELECT 42 AS answer", "MIGRATE_DATABASE_URL")
        owner = json.loads((folder / "environment.json").read_text())["MIGRATE_DATABASE_URL"]
        operator = {"EMAIL": "ann@bikes.example", "NAME": "Ann", "PASSWORD": DEMO_PASSWORD}
        named = {f"DJANGO_SUPERUSER_{name}": value for name, value in operator.items()}
        run.inside("python", "manage.py", "createsuperuser", "--noinput", **named)
        login = {"email": operator["EMAIL"], "password": DEMO_PASSWORD}
        assert requests.post(run.url("/api/v1/auth/token/"), json=login, timeout=20).status_code == 200
        riders = in_database(run, "SELECT count(*) FROM users_user")
        family = run.family()
        names = {asked(each, "name") for each in family}
        assert {"postgres", "redis-server"} <= names
        assert in_database(run, "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user") == RESTRICTED
        assert [each for each in family if owner in str(asked(each, "environ"))] == []

        run.runner.terminate()
        assert run.runner.wait(STOP_SECONDS) == 0
        assert alive(family) == []
        assert not is_open(run.web)
        assert not (folder / "environment.json").exists()
        assert "Traceback" not in run.output

    started = time.monotonic()
    with running(folder) as run:
        run.wait_for_line("Ready after")
        assert "Collecting static files" not in run.output
        # It takes about five seconds. The limit is for a busy machine.
        assert time.monotonic() - started < 60
        assert in_database(run, "SELECT answer FROM kept") == "42"
        assert in_database(run, "SELECT count(*) FROM users_user") == riders


@pytest.mark.slow
def test_a_killed_process_is_started_again(folder: Path) -> None:
    with running(folder) as run:
        run.wait_for_line("Ready after")
        send(run.members("celery", "worker"), signal.SIGKILL)
        run.wait_for_line("worker is running")
        (postmaster,) = run.members("-D")
        postmaster.kill()
        run.wait_for_line("postgres is running")
        wait_until(lambda: requests.get(run.url("/health/ready/"), timeout=20).ok, 60, "readiness")


@pytest.mark.slow
def test_a_second_start_says_why_not(folder: Path) -> None:
    with running(folder) as run:
        run.wait_for_line("Ready after")
        with running(folder) as second:
            assert second.runner.wait(REFUSAL_SECONDS) == 1
        assert re.fullmatch(r"This checkout is already running as process \d+\. Stop that first\.\n", second.output)
        with running(folder.with_name("other"), PORT=str(run.web)) as other:
            assert other.runner.wait(REFUSAL_SECONDS) == 1
        sentence = f"Port {run.web} is in use. `PORT={run.web + 1} make run` uses another.\n"
        assert other.output == sentence
        assert requests.get(run.url("/health/ready/"), timeout=20).ok
        with running(folder, "city", "--", "--riders", "2") as city:
            city.wait_for_line(f"2 riders at http://localhost:{run.web}")
            city.runner.terminate()
            assert city.runner.wait(STOP_SECONDS) == 0


@pytest.mark.slow
def test_an_interrupt_of_the_whole_group_stops_in_order(folder: Path) -> None:
    with running(folder, "city", "--", "--riders", "4", "--speed", "1000") as run:
        run.wait_for_line("1 riding")
        family = run.family()
        os.killpg(run.runner.pid, signal.SIGINT)  # as Ctrl-C does
        time.sleep(0.2)
        os.killpg(run.runner.pid, signal.SIGINT)  # and a second one
        assert run.runner.wait(STOP_SECONDS) == 0
        assert alive(family) == []
        assert run.output.index("No ride and no hold is left.") < run.output.index("Ending everything")
    ended = (folder / "logs" / "postgres.log").read_text().rindex("received fast shutdown request")
    assert "database system is shut down" in (folder / "logs" / "postgres.log").read_text()[ended:]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["Starting PostgreSQL", "Migrating the database", "Starting web"])
def test_term_during_the_start_leaves_nothing(folder: Path, step: str) -> None:
    with running(folder) as run:
        run.wait_for_line(step)
        time.sleep(0.3)
        family = run.family()
        run.runner.terminate()
        assert run.runner.wait(STOP_SECONDS) == 0
        assert alive(family) == []
        assert "Ready after" not in run.output


@pytest.mark.slow
def test_a_killed_runner_leaves_nothing(folder: Path) -> None:
    with running(folder) as run:
        run.wait_for_line("Ready after")
        family = run.family()
        run.runner.kill()
        run.runner.wait(STOP_SECONDS)
        wait_until(lambda: not alive(family), STOP_SECONDS, "the end of the stack")


@pytest.mark.slow
def test_a_killed_stack_is_cleared_away_by_the_next_start(folder: Path) -> None:
    with running(folder) as run:
        run.wait_for_line("Ready after")
        family = run.family()
        masters = run.members("compose.bare.guard") + run.members("supervisor.supervisord")
        for each in (*masters, psutil.Process(run.runner.pid)):
            each.kill()
        run.runner.wait(STOP_SECONDS)
        assert alive(family)
        with running(folder) as after:
            after.wait_for_line("Ready after")
            assert "Stopping processes of an earlier start" in after.output
            assert alive(family) == []


@pytest.mark.parametrize(("variable", "value"), [("PORT", "eight"), ("FLOWER_PORT", "-1"), ("WEB_PROCESSES", "2.5")])
def test_an_invalid_number_gets_one_sentence(tmp_path: Path, variable: str, value: str) -> None:
    with running(tmp_path / "state", **{variable: value}) as run:
        assert run.runner.wait(REFUSAL_SECONDS) == 1
    assert run.output == f"{variable} must be a number, not {value!r}.\n"


def test_secrets_are_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.create()
    secret = state.secret("django")
    assert len(secret) == 64
    assert State(tmp_path / "state").secret("django") == secret
    assert (tmp_path / "state" / "secrets" / "django").stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
@pytest.mark.parametrize("name", ["50% off", "bikes #1 ;new", "вело 'х'", "long" * 50])
def test_supervisor_runs_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    state = State(tmp_path / name)
    state.create()
    command = ["sh", "-c", 'pwd; echo "$1"; exec sleep 60', "sh", f"100% of {state.folder}"]
    supervisor = Supervisor(state, [Group("all", [Program("say", command, 1, folder=str(state.folder))], True)])
    supervisor.start(clean_environment())
    try:
        said = f"{state.folder}\n100% of {state.folder}\n"
        wait_until(lambda: (state.logs / "say.log").read_text() == said, 20, said)
        assert (state.folder / "supervisor.pid").exists()
    finally:
        assert supervisor._process
        supervisor._process.terminate()
        supervisor._process.wait(STOP_SECONDS)
        socket.setdefaulttimeout(None)  # the Supervisor client set it for this process


def test_an_error_of_supervisor_is_shown(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.create()
    supervisor = Supervisor(state, [Group("all", [Program("say", ["true"], 1, stop_signal="LOUD")], True)])

    with pytest.raises(UserError, match="LOUD"):
        supervisor.start(clean_environment())


def test_a_folder_with_an_impossible_name_is_refused(tmp_path: Path) -> None:
    for name in ("bikes:new", "bikes$new", 'bikes "new"'):
        refused = subprocess.run(
            [*BARE, "run"],
            cwd=ROOT,
            env=clean_environment(STATE_DIR=str(tmp_path / name)),
            capture_output=True,
            text=True,
            timeout=REFUSAL_SECONDS,
            check=False,
        )
        assert refused.returncode == 1
        assert "Rename the folder" in refused.stderr
        assert "Traceback" not in refused.stderr


REPORT = """
import json, os, psycopg2, redis, sys
cursor = psycopg2.connect(os.environ["DATABASE_URL"]).cursor()
cursor.execute("SELECT current_setting('fsync'), current_setting('timezone'), current_setting('data_directory')")
fsync, timezone, folder = cursor.fetchone()
redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
report = {"fsync": fsync, "timezone": timezone, "folder": folder, "url": os.environ["DATABASE_URL"]}
print("REPORT" + json.dumps(report), flush=True)
"""


def with_services(code: str, *options: str, before: Sequence[str] = (), **extra: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, *BARE, "with-services", *options, "--", "python", "-c", code],
        cwd=ROOT,
        env=clean_environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def reported(output: str) -> dict[str, str]:
    report: dict[str, str] = json.loads(output.partition("REPORT")[2].splitlines()[0])
    return report


@pytest.mark.slow
@pytest.mark.parametrize(("options", "fsync"), [((), "off"), (("--durable",), "on")])
def test_with_services_returns_the_code_and_leaves_nothing(options: tuple[str, ...], fsync: str) -> None:
    process = with_services(REPORT + "sys.exit(7)", *options)
    output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 7, output
    report = reported(output)
    assert (report["fsync"], report["timezone"]) == (fsync, "UTC")
    assert not Path(report["folder"]).exists()
    assert not [each for each in psutil.process_iter() if report["folder"] in command_of(each)]


def test_the_servers_own_tools_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    another = tmp_path / "psql"
    another.write_text("#!/bin/sh\nexit 1\n")
    another.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert shutil.which("psql", path=tool_environment()["PATH"]) == str(client_programs() / "psql")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, and setpriv to be less of it")
def test_root_in_a_container_leaves_no_processes() -> None:
    """There root cannot read the environment of PostgreSQL's process."""
    process = with_services(REPORT, before=("setpriv", "--bounding-set=-sys_ptrace,-perfmon,-sys_admin", "--"))
    output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0, output
    assert not [each for each in psutil.process_iter() if reported(output)["folder"] in command_of(each)]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_with_services_clears_away_even_when_it_is_ended(number: signal.Signals) -> None:
    process = with_services(REPORT + "import time; time.sleep(300)")
    assert process.stdout
    report: dict[str, str] = {}
    for line in process.stdout:
        if "REPORT" in line:
            report = reported(line)
            break
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(STOP_SECONDS) == (143 if number == signal.SIGTERM else -9)
    wait_until(lambda: not alive(family) and not Path(report["folder"]).exists(), STOP_SECONDS, "the end")
    process.stdout.close()


@pytest.mark.slow
def test_servers_named_in_the_environment_are_used() -> None:
    named = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    process = with_services(REPORT, **named)
    output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0, output
    assert "Starting" not in output
    assert reported(output)["url"] == named["DATABASE_URL"]


@pytest.mark.parametrize(("host", "threads"), [("127.0.0.1", "3"), ("localhost", "3"), ("db.bikes.example", "8")])
def test_threads_are_fewer_where_postgresql_shares_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, threads: str
) -> None:
    monkeypatch.delenv("WEB_THREADS", raising=False)
    monkeypatch.setenv("DATABASE_URL", f"postgres://app:word@{host}:5432/bikerental")
    state = State(tmp_path)
    state.create()

    assert Stack(state).environment["WEB_THREADS"] == threads


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another account")
def test_root_may_work_in_a_folder_that_nobody_else_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = set(OUTSIDE.glob("bikerental-*"))
    process = with_services(REPORT, TMPDIR=str(closed))
    output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0, output
    assert Path(reported(output)["folder"]).is_relative_to(OUTSIDE)
    assert set(OUTSIDE.glob("bikerental-*")) == before
    assert list(closed.iterdir()) == []


def test_modules_stay_compiled_whatever_the_terminal_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin"})
    monkeypatch.setattr(os, "execvp", lambda *_: None)

    bootstrap.become(["true"])

    assert "PYTHONDONTWRITEBYTECODE" not in os.environ


def test_a_command_ends_with_the_process_that_waits_for_it(tmp_path: Path) -> None:
    mark = f"{time.time() % 1 + 60}"
    with (
        pytest.raises(UserError),
        started_logged(["sleep", mark], log=tmp_path / "sleep.log", environment=dict(os.environ), seconds=60),
    ):
        raise UserError

    assert [each for each in psutil.process_iter() if command_of(each)[-1:] == [mark]] == []


def test_the_environment_is_renewed_when_requirements_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = tmp_path / "local.txt"
    requirements.write_text("one==1\n")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", requirements)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    assert not bootstrap.is_current()
    bootstrap.STAMP.write_text(bootstrap._wanted())
    assert bootstrap.is_current()
    requirements.write_text("one==2\n")
    assert not bootstrap.is_current()


def test_the_installer_is_pinned_by_hash_as_everything_is() -> None:
    version, *hashes = bootstrap.pin_of("uv").replace(" \\\n", "\n").splitlines()

    assert re.fullmatch(r"uv==[0-9.]+", version)
    assert hashes
    assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}", each) for each in hashes)


def test_requirements_without_the_installer_say_what_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path / "local.txt")
    bootstrap.REQUIREMENTS.write_text("uvicorn==1\n")
    with pytest.raises(UserError, match=r"does not pin uv\. `make requirements`"):
        bootstrap.pin_of("uv")


def test_a_free_port_is_not_one_of_outgoing_connections() -> None:
    limits = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not limits.exists():
        pytest.skip("Only Linux says which ports it gives to outgoing connections.")
    lowest = int(limits.read_text().split()[0])
    if lowest < processes.SERVER_PORTS.stop:
        pytest.skip(f"This machine gives ports from {lowest} to outgoing connections.")

    ports = {free_port() for _ in range(200)}

    assert max(ports) < lowest
    assert len(ports) > 150


def test_a_port_in_use_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("", free_port())) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(processes, "SERVER_PORTS", range(taken, taken + 50))

        assert taken not in {free_port() for _ in range(200)}


def test_an_old_python_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST_PYTHON", (99, 0))
    with pytest.raises(UserError, match=r"Python 99\.0 or newer is needed"):
        bootstrap.require_python()


def test_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE)
    shown = subprocess.run(
        ["make"], cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=30, check=True
    ).stdout
    assert targets
    assert re.findall(r"^  make ([a-z-]+) ", shown, flags=re.MULTILINE) == targets
