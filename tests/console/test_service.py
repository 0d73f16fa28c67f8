"""The page Service: without Prometheus, with it, and with a Prometheus that fails."""

import re
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from bikerental.observe import overview as overview_module
from bikerental.observe import prometheus_answers as answers
from bikerental.observe.heartbeat import heartbeat_record
from bikerental.observe.overview import QueueState
from compose.bare.processes import free_port
from tests.console.prometheus import Answer, firing, prometheus, quiet, say
from tests.console.viewing import ANSWERS, CONSOLE, faults_of, log_in
from tests.live import web_server
from tests.support.chromium import Browser, needs_chromium

PAGE = f"{CONSOLE}service/"
AWAY = "Prometheus does not answer. Nobody is alerted while it is away."


@pytest.fixture(autouse=True)
def nothing_is_asked_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_running", None)
    monkeypatch.setattr(overview_module, "PING_SECONDS", 0.05)  # no worker runs here


def text_of(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    assert main
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main[0]))


@pytest.mark.django_db(transaction=True)
def test_without_prometheus_the_page_shows_own_measurements(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat_record(name="beat", now=timezone.now())
    heartbeat_record(name="backup", now=timezone.now() - timedelta(hours=27))
    queues = [QueueState("settling", 1234, 121.0), QueueState("messages", 0, 0.0)]
    monkeypatch.setattr(overview_module, "_queues", lambda: queues)

    text = text_of(manager)

    assert "Prometheus is not connected (setting PROMETHEUS_URL)" in text
    assert "Database works Redis, for tasks works Migrations works Background tasks in time" in text
    assert re.search("Backup late .* Workers none", text)
    assert "settling 1,234 121 messages 0 0" in text
    assert re.search(r"[0-9.]+\sMB Size of the database", text)
    assert "– Days until the certificate ends not known" in text


@pytest.mark.django_db(transaction=True)
def test_with_prometheus_alerts_come_first(manager: Client, settings: Settings) -> None:
    with prometheus(firing) as (address, asked):
        settings.PROMETHEUS_URL = address
        text = text_of(manager)

    assert "QueueOld The oldest message of queue &lt;b&gt;settling&lt;/b&gt; waits for more than two minutes." in text
    assert text.count("QueueOld") == 1
    assert "LatencyHigh" not in text
    assert "Prometheus cannot read redis." in text
    assert "12.3 Requests a second" in text
    assert "3.1 % Answers that are errors of ours" in text
    assert "– 99 of 100 take at most not known" in text
    assert "60.0 Days until the certificate ends" in text
    assert [path.partition("?")[0] for path in asked] == ["/api/v1/alerts", "/api/v1/query"]


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def flood(handler: BaseHTTPRequestHandler) -> None:
    say(handler, {"alerts": ["x" * answers.ANSWER_BYTES_MAX]})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "answer",
    [
        drip,
        flood,
        lambda handler: say(handler, {}, 500),
        lambda handler: say(handler, {"alerts": "none"}),
        lambda handler: say(handler, None),
        lambda handler: say(handler, {"alerts": [{"state": "firing"}]}),
        None,
    ],
    ids=["drips", "floods", "fails", "odd", "nothing", "no names", "away"],
)
def test_a_failing_prometheus_is_named_and_the_page_works(
    manager: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: Answer | None
) -> None:
    monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.5)
    with prometheus(answer or quiet) as (address, _asked):
        settings.PROMETHEUS_URL = address if answer else f"http://127.0.0.1:{free_port()}"
        text = text_of(manager)

    assert AWAY in text
    assert "Requests since web started" in text


@pytest.mark.django_db(transaction=True)
def test_a_redirect_of_prometheus_is_not_followed(manager: Client, settings: Settings) -> None:
    with prometheus(quiet) as (other, others):
        lead = lambda handler: say(handler, {}, 302, Location=f"{other}/secret")  # noqa: E731
        with prometheus(lead) as (address, asked):
            settings.PROMETHEUS_URL = address
            assert AWAY in text_of(manager)

    assert len(asked) == 1
    assert others == []


class TestInChromium:
    pytestmark = needs_chromium

    def test_each_state_is_a_page_without_a_fault(
        self, transactional_db: None, tmp_path: Path, browser: Browser
    ) -> None:
        states: dict[str, Answer] = {"some": firing, "none": quiet, "away": lambda handler: say(handler, {}, 500)}
        faults = {}

        def answer(handler: BaseHTTPRequestHandler) -> None:
            states[state](handler)

        with (
            prometheus(answer) as (address, asked),
            web_server(tmp_path / "web.log", processes=1, PROMETHEUS_URL=address) as site,
        ):
            for size, language in ANSWERS:
                log_in(browser, site, language)
                for state in states:
                    if found := faults_of(browser, f"{site}{PAGE}", size=size):
                        faults[state, size, language] = found

        assert faults == {}
        assert len(asked) >= len(ANSWERS) * len(states)
