"""The image: the owner of its files, what it does not contain, its size, and the cost of a code change."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.live import PRODUCTION
from tests.ops.stacks.engine import DOCKERFILE, ROOT, run

pytestmark = [pytest.mark.docker, pytest.mark.slow]

BASE = "python:3.13-slim-trixie"
MEGABYTE = 1_000_000
# Runs in the image: what was left out is needed by nothing.
WHOLE = """
import pkgutil, re, subprocess, sys
from importlib import import_module
from pathlib import Path
import django
from django.conf import settings
from django.test import Client

django.setup()
import bikerental, compose.production, config
names = [
    module.name
    for package in (bikerental, compose.production, config)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not re.search(r"__main__$|settings[.](local|test)$|[.]probe$|folder_media$", module.name)
]
for name in [*names, "celery.bin.worker", "celery.bin.beat", "flower.command", "granian", "django_celery_beat.admin"]:
    import_module(name)

from PIL import features
assert features.check("webp") and features.check("jpg") and features.check("zlib")

from django.contrib.staticfiles.storage import staticfiles_storage as static
lost = [name for name in static.hashed_files.values() if not static.exists(name)]
assert not lost, lost
client = Client(headers={"host": "localhost", "x-forwarded-proto": "https"})
asked = set()
for page in ("/api/docs/", "/api/redoc/", "/admin/login/"):
    found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get(page).content.decode()))
    assert len(found) > 1, page
    asked |= found
for path in asked:
    assert (Path(settings.STATIC_ROOT) / path.removeprefix("/static/")).stat().st_size > 50, path

import boto3
for service in ("s3", "ses", "sesv2", "sns", "sts", "secretsmanager"):
    boto3.client(service, region_name="eu-central-1")
for program in ("pg_dump", "pg_restore", "gpg", "gpg-agent"):
    subprocess.run([program, "--version"], check=True, stdout=subprocess.DEVNULL)
print(len(names), "modules,", len(asked), "files of pages")
"""
KNOWN = "/app/config/settings/local.py"


def test_it_is_labelled_and_its_files_belong_to_root(image: str) -> None:
    label = '{{index .Config.Labels "org.opencontainers.image.revision"}} {{.Config.User}}'
    shown = run("docker", "image", "inspect", "--format", label, image)
    foreign = run(
        *("docker", "run", "--rm", image, "find", "/app", "/opt/venv"),
        *("(", "!", "-user", "root", "-o", "-perm", "/022", ")", "!", "-type", "l"),
    )

    assert shown.stdout.split() == [os.environ.get("TRIAL_REVISION", "trial"), "10001:10001"]
    assert (foreign.returncode, foreign.stdout) == (0, "")


def test_it_holds_no_tests_and_no_settings_of_a_machine(image: str) -> None:
    listed = set(run("docker", "run", "--rm", image, "ls", "-A", "/app").stdout.split())

    assert listed >= {"bikerental", "compose", "config", "manage.py", "static"}
    assert listed & {".ci", ".envs", ".git", "docs", "local.yml", "tests"} == set()


def test_no_secret_is_in_the_image_or_its_history(image: str, envs: Path) -> None:
    history = run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout
    [shown] = json.loads(run("docker", "image", "inspect", image).stdout)
    environment = shown["Config"]["Env"]
    secrets = {
        value
        for folder in (envs, ROOT / ".envs" / ".local")
        for file in folder.iterdir()
        for name, _, value in (line.partition("=") for line in file.read_text().splitlines())
        if name.endswith(("PASSWORD", "KEY", "PASSPHRASE")) and value
    }
    patterns = "\n".join(sorted(secrets))
    found = run(
        *("docker", "run", "--rm", "--env", f"PATTERNS={patterns}", image),
        *("bash", "-c", 'grep -rlF -- "$PATTERNS" /app/bikerental /app/config /app/compose /etc /opt/venv/bin; true'),
    )

    assert [line for line in environment if re.match(r"[^=]*(PASSWORD|KEY|SECRET|TOKEN|PASSPHRASE)[^=]*=", line)] == []
    assert [secret for secret in secrets if secret in history or secret in str(environment)] == []
    # A developer's settings have the two keys that protect nothing.
    assert set(found.stdout.split()) <= {KNOWN, "/app/config/settings/__pycache__/local.cpython-313.pyc"}


def test_the_image_has_everything_it_needs(image: str) -> None:
    settings = {**PRODUCTION, "DJANGO_ALLOWED_HOSTS": "localhost", "DJANGO_ADMIN_PATH": "admin", "PYTHONPATH": "/app"}
    options = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]

    ran = run("docker", "run", "--rm", "--network", "none", *options, image, "python", "-c", WHOLE, seconds=240)

    assert ran.returncode == 0, ran.stdout[-1000:] + ran.stderr[-3000:]


def test_it_adds_less_than_260_megabytes_to_its_base(image: str) -> None:
    sizes = run("docker", "image", "inspect", "--format", "{{.Size}}", image, BASE).stdout.split()

    assert (int(sizes[0]) - int(sizes[1])) / MEGABYTE < 260


def test_a_change_of_code_installs_nothing_anew(image: str, tmp_path: Path) -> None:
    context = tmp_path / "context"
    ignored = shutil.ignore_patterns(".git", ".venv", ".run", ".*_cache", "__pycache__", "tests", "docs")
    shutil.copytree(ROOT, context, ignore=ignored)
    with (context / "bikerental" / "__init__.py").open("a") as module:
        module.write("# changed\n")

    name = f"bikerental-trial-changed:{os.getpid()}"
    command = ("docker", "build", "--progress", "plain", "-f", f"{context}/{DOCKERFILE}", "-t", name, str(context))
    built = run(*command, seconds=300)
    run("docker", "image", "rm", "--force", name)

    assert built.returncode == 0, built.stderr[-2000:]
    [step] = re.findall(r"^#(\d+) \[packages .*pip install", built.stderr, re.MULTILINE)
    assert f"#{step} CACHED" in built.stderr
