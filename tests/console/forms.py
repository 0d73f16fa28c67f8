"""Forms of the console as a browser sends them, and what the answers say."""

import re
from typing import Any

from django.test import Client


def fields_of(client: Client, path: str) -> dict[str, str]:
    """The hidden fields of the page's form."""
    page = client.get(path).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(key|shown)" value="([^"]*)"', page))


def words_of(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]
