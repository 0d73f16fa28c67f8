"""Pages in a real browser, at a desktop's width and a phone's, and their faults."""

import json
from pathlib import Path

from tests.console.conftest import browser_of
from tests.support.chromium import Browser

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SIZES = {"desk": (1440, 900, False), "phone": (390, 844, True)}
# Each page is opened in both languages, once at each size, and then looked at in both sizes.
ANSWERS = (("desk", "en"), ("phone", "ru"))
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CONSOLE = "/admin/console/"


def log_in(browser: Browser, site: str, language: str) -> None:
    session = browser_of("manager").cookies["sessionid"].value
    for name, value in (("sessionid", session), ("django_language", language)):
        browser.call("Network.setCookie", name=name, value=value, url=f"{site}/admin/")


def faults_of(browser: Browser, url: str, *, size: str) -> list[str]:
    """The errors of the scripts and the policy of a page that is opened at this size, and its faults at each size."""
    resize(browser, size)
    complaints = browser.open(url, until="document.readyState == 'complete' && !!document.querySelector('main')")
    return [*complaints, *faults_at_each_size(browser)]


def faults_at_each_size(browser: Browser) -> list[str]:
    """Axe's findings, and whether the page scrolls sideways."""
    faults = []
    for size in SIZES:
        resize(browser, size)
        faults += [f"{size}: {violation}" for violation in violations_of(browser)]
        if browser.value("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults.append(f"{size}: scrolls sideways")
    return faults


def violations_of(browser: Browser) -> list[str]:
    if not browser.value("!!window.axe"):
        browser.value(AXE.read_text() + "; true")
    script = f"""axe.run({{runOnly: {json.dumps(LEVELS)}}}).then(found => found.violations.map(
        each => each.id + ': ' + each.nodes.map(node => node.html.slice(0, 160)).join(' | ')))"""
    found = browser.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
    violations: list[str] = found["result"]["value"]
    return violations


def resize(browser: Browser, size: str) -> None:
    width, height, is_mobile = SIZES[size]
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_mobile
    )
