"""Bad values in the environment stop the start, with the name of the variable."""

import os
import subprocess
import sys

import pytest

from tests.live import PRODUCTION, ROOT


def read_settings(show: str = "", module: str = "local", **variables: str) -> subprocess.CompletedProcess[str]:
    code = f"from config.settings import {module} as settings; print(({show or '0'}))"
    environment = os.environ | variables
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THROTTLE_LOGIN", "often"),
        ("SENTRY_TRACES_SAMPLE_RATE", "1.5"),
        ("PROMETHEUS_URL", "prometheus:9090"),
        ("PROMETHEUS_URL", "file:///etc/passwd"),
        ("PROMETHEUS_URL", "http://user:password@prometheus:9090"),
        ("SENTRY_TRACES_SAMPLE_RATE", "nan"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer token"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("THROTTLE_ANON", "5/month"),
        ("PASSWORD_RESET_URL", "https://app.example/reset"),
        ("NOTIFICATION_RETENTION_DAYS", "0"),
        ("RIDE_RETENTION_DAYS", "364"),
        ("BIKE_LOG_RETENTION_DAYS", "0"),
        ("RESERVATION_MINUTES", "-1"),
        ("CANCEL_SECONDS", "3601"),
        ("CANCELS_PER_DAY", "-1"),
        ("RESERVATION_COOLDOWN_MINUTES", "1441"),
        ("RESERVATIONS_UNUSED_PER_DAY", "0"),
        ("CLAIM_DAYS", "0"),
        ("MDS_PROVIDER_ID", "the city"),
        ("THROTTLE_AGENCY", "often"),
        ("REFRESH_GRACE_SECONDS", "-1"),
        ("EMAIL_CONFIRM_URL", "https://app.example/confirm"),
        ("MESSAGES_PER_ADDRESS_HOUR", "0"),
        ("RESETS_PER_ADDRESS_HOUR", "0"),
        ("DEBT_LIMIT", "much"),
        ("DEBT_LIMIT", "-1"),
        ("DEBT_LIMIT", "nan"),
        ("EMAIL_URL", "pigeon://roof"),
        ("DATABASE_REPLICA_LAG_SECONDS", "0"),
        ("CITY_TIME_ZONE", "Mars/Olympus"),
        ("CITY_TIME_ZONE", "Europe"),
        ("CITY_TIME_ZONE", "../etc/passwd"),
        ("CITY_TIME_ZONE", ""),
        ("SERVICE_BOUNDS", "30,59,31"),
        ("SERVICE_BOUNDS", "30,59,31,60,61"),
        ("SERVICE_BOUNDS", "30,60,31,59"),
        ("SERVICE_BOUNDS", "30,59,30,60"),
        ("SERVICE_BOUNDS", "30,59,31,91"),
        ("SERVICE_BOUNDS", "30,59,181,60"),
        ("SERVICE_BOUNDS", "30,59,nan,60"),
        ("SERVICE_BOUNDS", "Demo City"),
        ("DOCUMENTATION_URL", "bikes.example/docs"),
        ("DOCUMENTATION_URL", "javascript:alert(1)"),
        ("MAP_TILES_URL", "http://tiles.example/{z}/{x}/{y}.png"),
        ("MAP_TILES_URL", "https://tiles.example/"),
        ("MAP_TILES_URL", "https://{s}.tiles.example/{z}/{x}/{y}.png"),
        ("MAP_TILES_URL", "https://tiles.example/{z}/{x}/{y}.png; script-src *"),
        ("BIKE_CODE_URL", "http://rent.example/b/{number}"),
        ("BIKE_CODE_URL", "https://rent.example/b/"),
        ("CONN_MAX_AGE", "long"),
        ("SHED_AFTER_SECONDS", "soon"),
        ("WEB_THREADS", "1"),
        ("DJANGO_ADMIN_PATH", "/api/v1/office/"),
        ("DATABASE_POOLED", "ture"),
        ("DATABASE_URL", "mysql://localhost/bikerental"),
        ("DATABASE_URL", "postgres://localhost:port/bikerental"),
        ("DATABASE_URL", ""),
        ("DJANGO_SECRET_KEY_FILE", "/nowhere/secret"),
    ],
)
def test_an_invalid_setting_is_refused_by_name(name: str, value: str) -> None:
    read = read_settings(**{name: value})

    assert read.returncode != 0
    assert read.stderr.splitlines()[-1].startswith("django.core.exceptions.ImproperlyConfigured: " + name)


@pytest.mark.parametrize("command", [("manage.py", "check"), ("-m", "compose.production.django.migrate")])
def test_a_start_names_all_faults_at_once(command: tuple[str, str]) -> None:
    wrong = {
        "DJANGO_SECRET_KEY": "short",
        "DJANGO_ALLOWED_HOSTS_FILE": "/nowhere/hosts",
        "CLAIM_DAYS": "many",
        "CITY_TIME_ZONE": "Mars/Olympus",
        "EMAIL_URL": "pigeon://roof",
        "SERVICE_BOUNDS": "here",
        "OTEL_TRACES_SAMPLER": "some",
    }
    right = {name: value for name, value in PRODUCTION.items() if name != "DJANGO_ALLOWED_HOSTS"}
    environment = os.environ | right | wrong | {"DJANGO_SETTINGS_MODULE": "config.settings.production"}

    run = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    title, *faults = run.stderr.splitlines()
    assert (run.returncode, title) == (1, "The settings are not sound:")
    assert sorted(fault.partition("=")[0].split()[0].strip(":") for fault in faults) == sorted(wrong)


def test_production_starts_on_no_committed_example() -> None:
    examples = dict(
        line.split("=", 1)
        for line in (ROOT / ".envs/.production/.django.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )

    assert read_settings(module="production", **PRODUCTION).returncode == 0
    for name in ("PASSWORD_RESET_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL", "OPERATOR_EMAILS"):
        read = read_settings(module="production", **PRODUCTION | {name: examples[name]})
        refusal = f"django.core.exceptions.ImproperlyConfigured: {name} is missing or still the committed example"
        assert read.stderr.splitlines()[-1].startswith(refusal)


@pytest.mark.parametrize(
    ("sampler", "share"),
    [("", 1.0), ("always_on", 1.0), ("parentbased_always_off", 0.0), ("parentbased_traceidratio", 0.25)],
)
def test_the_names_of_opentelemetry_say_which_share_is_traced(
    monkeypatch: pytest.MonkeyPatch, sampler: str, share: float
) -> None:
    from config.settings import base

    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")

    assert base._traced_share() == share


def test_mail_goes_by_smtp_or_by_ses_as_the_url_says() -> None:
    show = "settings.EMAIL_BACKEND, getattr(settings, 'ANYMAIL', {}).get('AMAZON_SES_CONFIGURATION_SET_NAME')"

    smtp = read_settings(show, EMAIL_URL="smtp+tls://user:pass@mail.example:587", SES_CONFIGURATION_SET="riders")
    ses = read_settings(show, EMAIL_URL="ses://eu-central-1", SES_CONFIGURATION_SET="riders")

    assert smtp.stdout.strip() == "('django.core.mail.backends.smtp.EmailBackend', None)"
    assert ses.stdout.strip() == "('anymail.backends.amazon_ses.EmailBackend', 'riders')"


def test_a_pooler_is_sent_nothing_that_belongs_to_a_session() -> None:
    show = (
        "settings.DATABASE_PREPARES, sorted(settings.DATABASES), "
        "[(one['DISABLE_SERVER_SIDE_CURSORS'], 'options' in one['OPTIONS']) for one in settings.DATABASES.values()]"
    )
    replica = {"DATABASE_REPLICA_URL": "postgres://replica.example/bikerental"}

    alone = read_settings(show, DATABASE_REPLICA_URL="", DATABASE_POOLED="False")
    pooled = read_settings(show, DATABASE_POOLED="True", **replica)

    assert alone.stdout.strip() == "(True, ['default'], [(False, True)])"
    assert pooled.stdout.strip() == "(False, ['default', 'replica'], [(True, False), (True, False)])"


@pytest.mark.parametrize("rate", ["", "5/s", "30/minute", "20/hour", " 1/day "])
def test_a_rate_of_drf_or_none_is_taken(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    from config.settings import base

    monkeypatch.setenv("THROTTLE_LOGIN", rate)

    assert base._rate("THROTTLE_LOGIN") == (rate.strip() or None)


@pytest.mark.parametrize(
    "rate", ["5", "/min", "5/", "five/min", "-5/min", "5/min/5", "5/month", "5 / min", "٥/min", "1e3/s"]
)
def test_a_rate_that_means_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    from config.settings import base

    monkeypatch.setenv("THROTTLE_LOGIN", rate)
    monkeypatch.setattr(base.env, "faults", [])

    base._rate("THROTTLE_LOGIN")

    assert [fault.split("=")[0] for fault in base.env.faults] == ["THROTTLE_LOGIN"]
