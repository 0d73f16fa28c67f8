"""`manage.py preflight`, which a deploy runs in an image before it replaces anything."""

import re
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from tests.live import ROOT, environment


@pytest.mark.django_db
def test_sound_settings_pass() -> None:
    output = StringIO()

    call_command("preflight", stdout=output)

    assert output.getvalue() == "The settings are sound.\n"


@pytest.mark.django_db
def test_a_database_that_takes_no_writes_is_a_fault() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")

    with pytest.raises(CommandError, match=r"^The database is read-only"):
        call_command("preflight")


@pytest.mark.django_db
def test_an_unreachable_mail_server_is_a_warning(settings: Settings) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 9,
    )  # fmt: skip
    output, warnings = StringIO(), StringIO()

    call_command("preflight", stdout=output, stderr=warnings)

    assert output.getvalue() == "The settings are sound.\n"
    assert warnings.getvalue().startswith("Warning: the mail server of EMAIL_URL does not answer")


@pytest.mark.django_db
def test_a_wrong_password_is_an_error_without_a_traceback() -> None:
    url = re.sub(r"//([^@/]*@)?", "//nobody:secret-word@", environment()["DATABASE_URL"], count=1)

    run = subprocess.run(
        [sys.executable, "manage.py", "preflight"],
        cwd=ROOT, env=environment(DATABASE_URL=url), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert run.returncode == 1
    assert "CommandError: The database refuses: " in run.stderr
    assert "Traceback" not in run.stderr
    assert "secret-word" not in run.stderr
