"""Prometheus inside the network, none of it outside; the alerts."""

import os
import re
from pathlib import Path

import pytest
import requests
import yaml

from bikerental.observe.prometheus_answers import EXPRESSIONS
from compose.production.grafana import __main__ as dashboards
from tests.ops.stacks.engine import ROOT, run
from tests.ops.stacks.stack import Stack, ride, settled
from tests.support.waiting import eventually

FOLDER = ROOT / "compose" / "production" / "prometheus"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
SCRAPE_SECONDS = 90
PROBED_SECONDS = 60


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_each_alert_fires_on_what_it_is_for() -> None:
    tested = run(
        *("docker", "run", "--rm", "-v", f"{FOLDER}:/etc/prometheus:ro", "-w", "/etc/prometheus"),
        *("--entrypoint", "promtool", "prom/prometheus:v2.53.3", "test", "rules", "alerts.test.yml"),
    )

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_alert_has_a_test_both_ways() -> None:
    tests = [test["alert_rule_test"][0] for test in yaml.safe_load((FOLDER / "alerts.test.yml").read_text())["tests"]]

    names = {rule["alert"] for rule in RULES}
    assert {test["alertname"] for test in tests if test["exp_alerts"]} == names
    assert {test["alertname"] for test in tests if not test["exp_alerts"]} == names


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_has_a_runbook(rule: dict[str, dict[str, str]]) -> None:
    runbook = ROOT / rule["annotations"]["runbook"]

    assert len(runbook.read_text()) > 400


def test_the_dashboards_are_what_their_code_says() -> None:
    files = {file.name: file.read_text() for file in dashboards.FOLDER.glob("*.json")}

    assert files == dashboards.texts()  # python -m compose.production.grafana


JOBS = {"bikerental", "worker", "proxy", "node", "postgres", "redis", "alertmanager", "prometheus", "outside"}

UNKNOWN_HERE = {EXPRESSIONS["certificate"], EXPRESSIONS["down"]}  # localhost has a short one, and all parts are up


@pytest.mark.docker
@pytest.mark.slow
def test_every_part_has_metrics(production: Stack, rider: requests.Session, base: str) -> None:
    settled(rider, ride(rider, base))

    def jobs(expression: str) -> set[str]:
        return set(re.findall(r'job="(\w+)"', production.promtool(expression)))

    def has(expression: str) -> bool:
        return " => " in production.promtool(expression)

    assert eventually(lambda: jobs("up == 1") == JOBS, SCRAPE_SECONDS), production.promtool("up")
    assert jobs("up == 0") == set()
    for expression in (
        'bikerental_task_seconds_count{task="bikerental.observe.tasks.beat_heartbeat", state="success"} > 0',
        'bikerental_processes{job="bikerental"} > 1 and bikerental_processes_resident_bytes{job="bikerental"} > 1e8',
        'bikerental_processes{job="worker"} > 1',
        "pg_up == 1",
        "sum(pg_stat_activity_count) / max(pg_settings_max_connections) > 0",
        'redis_memory_used_bytes{instance="redis"} / redis_memory_max_bytes{instance="redis"} > 0',
        'redis_memory_max_bytes{instance="cache"} > 0',
        'node_filesystem_avail_bytes{mountpoint="/disk/postgres"} > 0',
        "caddy_http_requests_total > 0",
    ):
        assert eventually(lambda asked=expression: has(asked), SCRAPE_SECONDS), expression
    # Also the expressions of Grafana's dashboards and of the console.
    for expression in {*dashboards.expressions(), *EXPRESSIONS.values()} - UNKNOWN_HERE:
        assert eventually(lambda asked=expression: has(asked), SCRAPE_SECONDS), expression
    # Statistics, and no rows.
    password = next(line for line in monitor(production) if line.startswith("DATA_SOURCE_PASS=")).partition("=")[2]
    read = production.compose(
        *("exec", "-T", "-e", f"PGPASSWORD={password}", "postgres", "psql", "-h", "127.0.0.1"),
        *("-U", "bikerental_monitor", "-d", "bikerental", "-c", "SELECT FROM users_user"),
    )
    assert "permission denied for table users_user" in read.stderr


def monitor(production: Stack) -> list[str]:
    return Path(production.environment["ENVS"], ".monitor").read_text().splitlines()


@pytest.mark.docker
@pytest.mark.slow
def test_prometheus_sees_api_queues_and_business(production: Stack, rider: requests.Session, base: str) -> None:
    settled(rider, ride(rider, base))

    def value(expression: str) -> float | None:
        found = re.search(r"=> ([0-9.e+-]+) @", production.promtool(expression))
        return float(found[1]) if found else None

    assert eventually(lambda: value('min(up{job="bikerental"})') == 1, SCRAPE_SECONDS)
    assert eventually(lambda: (value(f"bikerental_http_request_seconds_count{{{RENT}}}") or 0) >= 1, SCRAPE_SECONDS)
    for expression in (
        *('bikerental_queue_messages{queue="settling"}', 'bikerental_queue_age_seconds{queue="messages"}'),
        *("bikerental_rentals_open", "bikerental_rentals_overdue", "bikerental_rentals_unsettled"),
        *("bikerental_notifications_unsent", 'bikerental_heartbeat_age_seconds{name="backup"}'),
        "min(bikerental_figures_up)",
    ):
        assert eventually(lambda expression=expression: value(expression) is not None, SCRAPE_SECONDS), expression
    assert eventually(lambda: (value('bikerental_heartbeat_age_seconds{name="beat"}') or 999) < 300, 2 * SCRAPE_SECONDS)
    assert "BackupOld" not in production.make("alerts").stdout


@pytest.mark.docker
@pytest.mark.slow
def test_a_stopped_proxy_is_noticed_from_outside_of_it(production: Stack) -> None:
    def probed() -> str:
        return production.promtool('probe_success{job="outside", domain="localhost"}').partition("=> ")[2][:1]

    assert eventually(lambda: probed() == "1", SCRAPE_SECONDS)
    production.compose("stop", "proxy")
    try:
        assert eventually(lambda: probed() == "0", SCRAPE_SECONDS)
    finally:
        production.compose("start", "proxy")
    assert eventually(lambda: probed() == "1" and production.health("proxy") == "healthy", SCRAPE_SECONDS)


@pytest.mark.docker
@pytest.mark.slow
def test_alerts_reach_the_stacks_alertmanager(production: Stack) -> None:
    query = "prometheus_notifications_alertmanagers_discovered == 1"

    assert eventually(lambda: bool(production.promtool(query)), SCRAPE_SECONDS)


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_an_alert_is_mailed_to_those_whom_the_settings_name() -> None:
    name = f"bikerental-alerts-{os.getpid()}"
    settings = {
        "EMAILS": "night@bikes.example",
        "FROM": "alerts@bikes.example",
        "SMTP": "mail:1025",
        "SMTP_TLS": "false",
    }
    options = [part for key, value in settings.items() for part in ("--env", f"ALERT_{key}={value}")]
    folder = ROOT / "compose/production/alertmanager"
    run("docker", "network", "create", name)
    try:
        common = ("docker", "run", "--detach", "--rm", "--network", name)
        run(*common, "--name", f"{name}-mail", "--network-alias", "mail", "maildev/maildev:2")
        run(
            *(*common, "--name", name, *options, "--volume", f"{folder}:/etc/alertmanager:ro", "--user", "65534:65534"),
            *("--tmpfs", "/alertmanager:mode=1777", "--entrypoint", "/bin/sh", "prom/alertmanager:v0.27.0"),
            "/etc/alertmanager/start",
        )
        add = ("docker", "exec", name, "amtool", "--alertmanager.url=http://127.0.0.1:9093", "alert", "add", "Trial")
        assert eventually(lambda: run(*add).returncode == 0, SCRAPE_SECONDS), run("docker", "logs", name).stderr

        read = "fetch('http://127.0.0.1:1080/email').then((a) => a.text()).then((text) => console.log(text))"
        mails = ("docker", "exec", f"{name}-mail", "node", "-e", read)
        assert eventually(lambda: "Trial" in run(*mails).stdout, SCRAPE_SECONDS), run("docker", "logs", name).stderr
        assert "night@bikes.example" in run(*mails).stdout
    finally:
        run("docker", "rm", "--force", name, f"{name}-mail")
        run("docker", "network", "rm", name)


RENT = 'route="api/v1/rentals/",method="POST",status="201"'


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "/METRICS", "/%6Detrics", "//metrics", "/api/../metrics", "/flower/metrics"]
)
def test_metrics_are_not_reachable_from_outside(browser: requests.Session, base: str, path: str) -> None:
    address = base.removesuffix("/api/v1")
    request = browser.prepare_request(requests.Request("GET", address))
    request.url = address + path  # unchanged: the library would normalise it

    answer = browser.send(request, allow_redirects=False, timeout=15)

    assert answer.status_code in {308, 401, 404}
    assert "# HELP" not in answer.text


@pytest.mark.docker
@pytest.mark.slow
def test_an_internal_host_name_opens_nothing_from_outside(browser: requests.Session, base: str) -> None:
    answer = browser.get(base.removesuffix("api/v1") + "metrics", headers={"Host": "web"}, timeout=15)

    assert "# HELP" not in answer.text


@pytest.mark.docker
@pytest.mark.slow
def test_a_database_that_hangs_keeps_no_scrape_waiting(production: Stack) -> None:
    ask = (
        "import time\nfrom urllib.request import Request, urlopen\nstarted = time.monotonic()\n"
        "request = Request('http://127.0.0.1:8000/metrics', headers={'Host': 'web'})\n"
        "text = urlopen(request, timeout=60).read().decode()\n"
        "print([line for line in text.splitlines() if line.startswith('bikerental_figures_up')])\n"
        "print(time.monotonic() - started)"
    )
    production.compose("pause", "postgres")
    try:
        answer = production.compose("exec", "-T", "web", "python", "-c", ask, seconds=90)
    finally:
        production.compose("unpause", "postgres")

    figures, seconds = answer.stdout.splitlines()
    assert 'bikerental_figures_up{source="rentals"} 0.0' in figures
    assert 'bikerental_figures_up{source="queues"} 1.0' in figures
    assert float(seconds) < 9  # Prometheus gives up after ten
    assert eventually(lambda: production.health("postgres") == "healthy", PROBED_SECONDS)
    production.up()
