"""The texts that a page shows, and the English words among them."""

import re
from html.parser import HTMLParser
from zoneinfo import available_timezones

from django.test import Client

from bikerental.core.work.schedule import declared_schedule

# Names that are the same in Russian. Our own words do not belong here: they need a Russian text.
NAMES = {
    *("bikerental", "Celery", "Cron", "cron", "Crontab", "RabbitMQ", "Redis", "Control", "Command", "Mac", "ru"),
    *("Android", "iOS", "OpenStreetMap", "SPDX", "IANA", "GBFS", "GeoJSON", "Polygon", "MultiPolygon", "Feature"),
}
# Not `alt`: Django's icons have "True" there in every language.
SHOWN_ATTRIBUTES = {"title", "placeholder", "aria-label", "label"}
WITHOUT_END = {"br", "col", "hr", "img", "input", "link", "meta"}
CODE = re.compile(
    r"""
    "[^"]*" |                            # an example in a help text
    \S+@\S+ |                            # an e-mail address
    [0-9a-f]{8}(-[0-9a-f]{4}){3}-\S+ |   # an id
    \(m/h/dM/MY/d\) |                    # the fields of a crontab
    \b[A-Z]{2,4}\b |                     # RUB, UTC, JSON
    \b[A-Z_]+_[A-Z_]+\b |                # a setting
    \b[\w/-]+[./][\w./-]+ |              # the name of a task or of a file
    \b[A-Z]-\d+                          # the number of a bike
    """,
    re.VERBOSE,
)
PERIODIC_TASKS = re.compile("|".join(entry.name for entry in declared_schedule()))
TIME_ZONES = available_timezones() | {"localtime"}
WORD = re.compile(r"[A-Za-z]{2,}")


class VisibleText(HTMLParser):
    """The texts that a page shows, in order, including the attributes that a browser shows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        is_button = tag == "input" and given.get("type") in {"submit", "button", "reset"}
        self.texts += [given[name] or "" for name in SHOWN_ATTRIBUTES & given.keys()]
        self.texts += [given.get("value") or ""] if is_button else []
        if tag not in WITHOUT_END:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "textarea", "pre"} & set(self._open):
            self.texts.append(data)


def english_words(text: str) -> list[str]:
    if text.replace(" ", "_") in TIME_ZONES:
        return []
    return [word for word in WORD.findall(CODE.sub(" ", PERIODIC_TASKS.sub(" ", text))) if word not in NAMES]


def english_texts(client: Client, url: str) -> set[str]:
    answer = client.get(url, headers={"Accept-Language": "ru"})
    assert answer.status_code == 200, (url, answer.status_code)
    texts = (" ".join(text.split()) for text in VisibleText(answer.content.decode()).texts)
    return {text for text in texts if english_words(text)}
