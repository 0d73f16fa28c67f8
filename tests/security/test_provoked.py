"""Errors that strangers can cause at will are counted, and are not sent to Sentry."""

import json
from pathlib import Path

import pytest
import requests

from bikerental.observe.sentry import traces_sampler
from tests.live import web_server
from tests.security.sentry_server import sentry_server
from tests.support.constraints import forbidding
from tests.support.waiting import eventually

LOGIN = "/api/v1/auth/token/"
REGISTRATION = {"name": "Rider", "email": "stranger@example.org", "password": "pedal-harder-9"}
SAMPLED = {
    "sentry-trace": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
    "baggage": "sentry-trace_id=0af7651916cd43dd8448eb211c80319c,sentry-sample_rand=0.000001,sentry-sampled=true",
}


def provoke(address: str) -> list[int]:
    """Send everything that the server refuses, each several times."""

    def ask(method: str, path: str, **options: object) -> int:
        return requests.request(method, f"{address}{path}", timeout=20, allow_redirects=False, **options).status_code

    json_type = {"Content-Type": "application/json"}
    form_type = {"Content-Type": "multipart/form-data; boundary=x"}
    return [
        status
        for _ in range(3)
        for status in (
            ask("GET", "/api/v1/bikes/", headers={"Host": "evil.example"}),
            ask("GET", "/admin/login/", headers={"Host": "evil.example"}),
            ask("GET", "/health/live/", headers={"Host": "localhost:" + "a" * 200}),
            ask("GET", "/health/live/", headers={"Origin": "a" * 9000}),
            ask("POST", "/admin/login/", data={"username": "a", "password": "b"}),
            ask("POST", "/admin/login/", data=b"--x\r\nContent-Disposition: form-data", headers=form_type),
            ask("POST", "/admin/login/", data="&".join(f"a{number}=1" for number in range(1500)), headers=form_type),
            ask("GET", "/admin/" + "a" * 4000 + "/"),
            ask("GET", "/api/v1/bikes/?" + "&".join(f"a{number}=1" for number in range(1500))),
            ask("GET", "/static/../../etc/passwd"),
            ask("POST", LOGIN, data=b'{"email": ', headers=json_type),
            ask("POST", LOGIN, data=b"\x00\xff", headers=json_type),
            ask("POST", LOGIN, data=b"x", headers={"Content-Type": "text/plain; charset=nonsense"}),
            ask("POST", LOGIN, json={"email": "nobody@example.org", "password": "wrong"}),
            ask("POST", "/hooks/sns/", json={"Type": "Notification"}),
            ask("GET", "/admin/login/", headers={"Cookie": "sessionid=" + "a" * 200}),
            ask("GET", "/health/live/", headers=SAMPLED),
        )
    ]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_only_bugs_reach_sentry(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with (
        sentry_server() as sentry,
        web_server(
            log, processes=1, SENTRY_DSN=sentry.dsn, SENTRY_TRACES_SAMPLE_RATE="0.0", LOG_LEVEL="INFO"
        ) as address,
    ):
        statuses = provoke(address)
        with forbidding("users_user", "name <> 'Rider'"):
            bug = requests.post(f"{address}/api/v1/auth/register/", json=REGISTRATION, timeout=20)
        assert eventually(lambda: "Unhandled" in sentry.received, 20)
        counted = requests.get(f"{address}/metrics", timeout=20).text
    events = [
        line for line in sentry.received.splitlines() if '"type":"event"' in line or '"type":"transaction"' in line
    ]
    told = [json.loads(line) for line in log.read_text().splitlines() if "evil.example" in line]

    assert max(statuses) < 500
    assert bug.status_code == 500
    assert len(events) == 1
    assert counted_as(counted, "DisallowedHost") == 9
    assert counted_as(counted, "csrf") >= 3
    assert {line["level"] for line in told} == {"WARNING"}
    assert not any("exc_info" in line or "request" in line for line in told)


def counted_as(figures: str, reason: str) -> float:
    name = f'bikerental_http_provoked_total{{reason="{reason}"}} '
    return next((float(line.removeprefix(name)) for line in figures.splitlines() if line.startswith(name)), 0.0)


def test_a_client_does_not_decide_what_is_traced() -> None:
    request = {"transaction_context": {"op": "http.server"}, "parent_sampled": True}

    assert traces_sampler(0.0)(request) == 0.0
    assert traces_sampler(1.0)({**request, "parent_sampled": False}) == 1.0


@pytest.mark.parametrize("is_sampled", [True, False])
def test_a_task_is_traced_as_the_request_that_sent_it(is_sampled: bool) -> None:
    task = {"transaction_context": {"op": "queue.task.celery"}, "parent_sampled": is_sampled}

    assert traces_sampler(0.5)(task) == float(is_sampled)
