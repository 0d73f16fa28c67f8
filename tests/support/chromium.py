"""A headless Chromium, driven by the DevTools protocol over a pipe. It collects a page's errors."""

import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import eventually

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ANSWER_SECONDS = 90
LOADING_SECONDS = 5.0
LOADS = 10
IDLE = "new Promise((idle) => requestIdleCallback(idle, {timeout: 1000})).then(() => true)"
needs_chromium = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(PATH is None, reason="Chromium is not installed: apt-get install chromium"),
]
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One page. Messages are JSON, each with a NUL after it."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._pending = b""
        self._numbers = itertools.count(1)
        self.complaints: list[str] = []
        self._loading: dict[str, str] = {}  # URLs by the requests' ids
        self._failed: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    _session: str | None = None

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            for answer in self._messages(deadline - time.monotonic()):
                if answer.get("id") == number:
                    assert "error" not in answer, answer
                    result: dict[str, Any] = answer["result"]
                    return result
        raise AssertionError(f"{method} was not answered in {ANSWER_SECONDS} s")

    def open(self, url: str, *, until: str) -> list[str]:
        """Open the page, wait until the script returns true and the page is idle. Returns the errors.

        When a network interface of the machine comes or goes, such as a container's, Chromium gives up connections
        that it is opening, and loads nothing again. So the page is opened again, as a user would do.
        """
        for _ in range(LOADS):
            self.complaints.clear()
            self._loading.clear()
            self._failed.clear()
            self.call("Page.navigate", url=url)
            self.wait_for(until, unless=self._has_network_changed)
            self.wait_until_idle()
            if not self._has_network_changed():
                return list(self.complaints)
        raise AssertionError(f"The network changed during each of {LOADS} loads of {url}: {self._failed}")

    def _has_network_changed(self) -> bool:
        return any("ERR_NETWORK_CHANGED" in failure for failure in self._failed)

    def wait_until_idle(self) -> None:
        """Wait until no script runs and nothing is loading, which a page may do without an end."""
        deadline = time.monotonic() + LOADING_SECONDS
        self._run_out()
        # A style sheet that is late has the page laid out twice.
        while (self._loading or not self.value("document.readyState === 'complete'")) and time.monotonic() < deadline:
            time.sleep(0.02)
            self._run_out()

    def _run_out(self) -> None:
        self.call("Runtime.evaluate", expression=IDLE, awaitPromise=True)

    def wait_for(self, script: str, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until the script or `unless` returns true."""
        assert eventually(lambda: self.value(script) or unless(), ANSWER_SECONDS, pause=0.05), (
            f"never {script}; {self.complaints}; failed: {self._failed}; loading: {[*self._loading.values()]}; "
            f"at {self.value('location.href')}: {self.value('document.body?.innerText')!r:.500}"
        )

    def value(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def _messages(self, seconds: float) -> list[dict[str, Any]]:
        """Wait for messages. All are noted, also those that arrive together with an answer and after it."""
        ready, _, _ = select.select([self._reading], [], [], max(0, seconds))
        if not ready:
            return []
        self._pending += os.read(self._reading, 1 << 20)
        *whole, self._pending = self._pending.split(b"\0")
        messages = [json.loads(text) for text in whole]
        for message in messages:
            self._note(message.get("method", ""), message.get("params", {}))
        return messages

    def _note(self, method: str, event: dict[str, Any]) -> None:
        # Only errors: a missing favicon and a focus that did not move are notes.
        if method == "Log.entryAdded" and "Content Security Policy" in event["entry"]["text"]:
            self.complaints.append(f"{event['entry']['text']} {event['entry'].get('url', '')}")
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(event["exceptionDetails"])[:500])
        elif method == "Network.requestWillBeSent":
            self._loading[event["requestId"]] = event["request"]["url"]
        elif method == "Network.responseReceived" and event["response"]["status"] >= HTTPStatus.BAD_REQUEST:
            self._failed.append(f"{event['response']['status']} {event['response']['url']}")
        elif method in {"Network.loadingFinished", "Network.loadingFailed"}:
            url = self._loading.pop(event["requestId"], "")
            if method == "Network.loadingFailed":
                self._failed.append(f"{event['errorText']} {url}")


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    assert PATH
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    command = (PATH, *FLAGS, f"--user-data-dir={folder}")
    # The protocol uses the descriptors 3 and 4. Without a fork hook, only a shell can set these.
    script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    running = subprocess.Popen(
        ("bash", "-c", script, "chromium", *command),
        pass_fds=(theirs_in, theirs_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(ours_in, ours_out)
    finally:
        running.terminate()
        running.wait(30)
        os.close(ours_in)
        os.close(ours_out)
