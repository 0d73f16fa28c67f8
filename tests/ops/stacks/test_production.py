"""`production.yml`: what it serves, to whom, and what it refuses."""

import os
import re
import secrets
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from tests.lengths import IS_LONG
from tests.ops.stacks.engine import ROOT
from tests.ops.stacks.stack import PASSWORD, STOP_SECONDS, Stack, direct, log_in, register, ride, settled
from tests.support.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]

APPLICATION_SECRETS = ("DJANGO_SECRET_KEY", "JWT_SIGNING_KEY", "DATABASE_PASSWORD", "REDIS_PASSWORD")
PHOTO = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
for name in ("bikes/trial.webp", "uploads/trial"):
    default_storage.save(name, ContentFile(b"a picture"))
    print(default_storage.url(name))
"""
ROLES = "SELECT rolname, rolsuper FROM pg_roles WHERE rolname ~ '^bikerental(_app|_reader)?$' ORDER BY 1"


def test_it_serves_a_ride_behind_tls(rider: requests.Session, base: str) -> None:
    done = settled(rider, ride(rider, base))

    assert (done["status"], done["cost"]["final"]) == ("settled", True)


def test_plain_http_is_sent_to_tls(production: Stack) -> None:
    address = f"http://localhost:{production.environment['HTTP_PORT']}/api/docs/"
    answer = direct().get(address, allow_redirects=False, timeout=15)

    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("https://localhost")


def test_the_broker_refuses_and_the_cache_evicts_when_full(production: Stack) -> None:
    def policy(service: str) -> list[str]:
        script = "REDISCLI_AUTH=$REDIS_PASSWORD redis-cli config get maxmemory-policy && redis-cli ping"
        return production.compose("exec", "-T", service, "bash", "-c", script).stdout.split()

    assert policy("redis")[:3] == ["maxmemory-policy", "noeviction", "NOAUTH"]
    assert policy("cache")[:3] == ["maxmemory-policy", "allkeys-lru", "NOAUTH"]


def test_a_photo_is_sent_to_whoever_has_its_signed_url(production: Stack, browser: requests.Session, base: str) -> None:
    shell = ("exec", "-T", "web", "compose/production/django/start/entrypoint", "python", "manage.py", "shell", "-c")
    made = production.compose(*shell, PHOTO)
    photo, upload = made.stdout.split()[-2:]
    site = base.removesuffix("/api/v1")

    shown = browser.get(site + photo, timeout=15)
    part = browser.get(site + photo, headers={"Range": "bytes=2-4"}, timeout=15)

    assert (shown.status_code, shown.content, shown.headers["Content-Type"]) == (200, b"a picture", "image/webp")
    assert shown.headers["Cache-Control"] == "private, max-age=3600, immutable"
    assert (part.status_code, part.content) == (206, b"pic")
    assert browser.get(site + photo.partition("?")[0], timeout=15).status_code == 403
    assert browser.get(site + upload, timeout=15).status_code == 404


def test_a_second_migration_waits_for_the_first(production: Stack) -> None:
    once = ("docker", "compose", "run", "--rm", "--no-deps", "-T", "migrate")
    environment = os.environ | production.environment
    both = [subprocess.Popen(once, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL) for _ in range(2)]

    assert [process.wait(120) for process in both] == [0, 0]


def test_a_database_with_one_role_for_all_is_given_the_others(
    production: Stack, rider: requests.Session, base: str
) -> None:
    for role in ("bikerental_app", "bikerental_reader"):
        production.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")  # as in a stack of an earlier release

    migrated = production.compose("run", "--rm", "--no-deps", "-T", "migrate")

    assert migrated.returncode == 0, migrated.stderr[-2000:]
    assert production.sql(ROLES).split() == ["bikerental|t", "bikerental_app|f", "bikerental_reader|f"]
    production.compose("restart", "web", "worker")
    assert eventually(lambda: production.health("web") == "healthy", 300)
    ride(rider, base)
    users = "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'bikerental'"
    assert production.sql(users) == "bikerental_app"
    assert production.make("backup", "drill").returncode == 0


@pytest.mark.parametrize("value", ["", "change-me" * 8], ids=["missing", "example"])
@pytest.mark.parametrize(
    ("service", "variable"),
    [
        *(("web", name) for name in APPLICATION_SECRETS),
        ("migrate", "POSTGRES_PASSWORD"),
        ("backup", "READER_PASSWORD"),
        ("backup", "BACKUP_PASSPHRASE"),
        ("redis", "REDIS_PASSWORD"),
        ("proxy", "FLOWER_PASSWORD"),
    ],
)
def test_a_missing_or_example_secret_is_refused_by_name(
    production: Stack, service: str, variable: str, value: str
) -> None:
    refused = production.compose("run", "--rm", "--no-deps", "-T", "-e", f"{variable}={value}", service)

    assert refused.returncode != 0
    assert variable in refused.stdout + refused.stderr


@pytest.mark.parametrize(("service", "variable"), [("redis", "REDIS_PASSWORD"), ("proxy", "FLOWER_PASSWORD")])
def test_servers_read_their_secret_from_a_file_as_well(
    production: Stack, service: str, variable: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("change-me")
    tmp_path.chmod(0o755)
    (tmp_path / "secret").chmod(0o644)

    mount = ("-v", f"{tmp_path}:/run/secrets:ro", "-e", f"{variable}_FILE=/run/secrets/secret")
    refused = production.compose("run", "--rm", "--no-deps", "-T", *mount, service)

    assert refused.returncode != 0
    assert f"{variable} is missing or still the committed example." in refused.stdout + refused.stderr


def test_every_variable_may_be_a_file(production: Stack, envs: Path, tmp_path: Path) -> None:
    options = []
    for file in (envs / name for name in (".django", ".postgres", ".database", ".reader", ".redis", ".backup")):
        for name, _, value in (line.partition("=") for line in file.read_text().splitlines() if "=" in line):
            if name.startswith("#") or not value:
                continue
            mounted = tmp_path / name
            mounted.write_text(value)
            mounted.chmod(0o644)
            options += ["-e", f"{name}=", "-e", f"{name}_FILE=/run/secrets/{name}"]
    tmp_path.chmod(0o755)
    names = "os.environ['OPERATOR_EMAILS'], os.environ['WEB_PROCESSES'], 'WEB_PROCESSES_FILE' in os.environ"
    shown = f"import os; print({names})"
    command = f'python manage.py check --database default && python manage.py migrate --check && python -c "{shown}"'

    mount = ("-v", f"{tmp_path}:/run/secrets:ro")
    checked = production.compose(
        *("run", "--rm", "--no-deps", "-T", *mount, *options, "migrate", "bash", "-c", command)
    )

    assert checked.returncode == 0, checked.stderr[-2000:]
    assert "operators@bikerental.test 2 False" in checked.stdout


def test_a_file_that_is_not_there_is_named(production: Stack) -> None:
    refused = production.compose("run", "--rm", "--no-deps", "-T", "-e", "SENTRY_DSN_FILE=/run/secrets/none", "web")

    assert refused.returncode != 0
    assert "SENTRY_DSN_FILE: /run/secrets/none cannot be read." in refused.stderr


def test_the_first_operator_is_made_as_the_page_says(production: Stack, browser: requests.Session, base: str) -> None:
    page = (ROOT / "docs/operations/stacks.md").read_text()
    [written] = re.findall("`docker compose -f production.yml (run [^`]*createsuperuser --noinput)`", page)
    production.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD

    made = production.compose(*shlex.split(written))

    del production.environment["DJANGO_SUPERUSER_PASSWORD"]
    assert made.returncode == 0, made.stderr
    assert production.sql("SELECT name, is_superuser FROM users_user WHERE email LIKE 'ann@%'") == "Ann|t"
    log_in(browser, base, email="ann@bikerental.example", password=PASSWORD)


# These two keep nothing, and do not handle SIGTERM.
UNHANDLED = {"node-exporter": ("exited", 143), "postgres-exporter": ("exited", 143)}


def test_it_stops_in_order_and_starts_again(production: Stack) -> None:
    production.compose("stop", seconds=STOP_SECONDS)
    states = production.states()

    assert {name: state for name, state in states.items() if state != ("exited", 0)} == UNHANDLED
    assert len(states) == 17
    production.up()


SECRETS = (*APPLICATION_SECRETS, "POSTGRES_PASSWORD", "READER_PASSWORD", "FLOWER_PASSWORD", "BACKUP_PASSPHRASE")


def changed(envs: Path, folder: Path) -> dict[str, str]:
    """Copy the settings with a new value for each secret. Returns the values."""
    shutil.copytree(envs, folder)
    values = {name: secrets.token_urlsafe(48) for name in SECRETS}
    for file in folder.iterdir():
        lines = [line.partition("=")[::2] for line in file.read_text().splitlines()]
        file.write_text("".join(f"{name}={values.get(name, value)}\n" for name, value in lines if value))
    return values


@pytest.mark.skipif(not IS_LONG, reason="replaces every service twice; LONG=1 does")
def test_every_secret_is_changed_as_the_table_says(
    production: Stack, browser: requests.Session, base: str, envs: Path, tmp_path: Path
) -> None:
    email = "rider-before-the-change@trial.example"
    register(browser, base, email)
    values = changed(envs, tmp_path / "envs")
    [old] = [line for line in (envs / ".postgres").read_text().splitlines() if line.startswith("POSTGRES_PASSWORD=")]
    flower = base.removesuffix("api/v1") + "flower/workers"

    production.sql(f"ALTER ROLE bikerental PASSWORD '{values['POSTGRES_PASSWORD']}'")  # as psql's \password does
    production.environment["ENVS"] = str(tmp_path / "envs")
    try:
        production.up()
        refused = browser.get(f"{base}/rentals/", timeout=15)
        log_in(browser, base, email=email, password=PASSWORD)
        done = settled(browser, ride(browser, base))
        shown = direct().get(flower, auth=("flower", values["FLOWER_PASSWORD"]), verify=browser.verify, timeout=15)
        proven = production.make("backup", "drill")
    finally:
        production.sql(f"ALTER ROLE bikerental PASSWORD '{old.partition('=')[2]}'")
        production.environment["ENVS"] = str(envs)
        production.up()

    assert refused.status_code == 401
    assert done["status"] == "settled"
    assert shown.status_code == 200
    assert proven.returncode == 0, proven.stderr
