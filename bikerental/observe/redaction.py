"""Removes personal data from texts of other programs before they reach logs or Sentry, and cuts long texts.

Our own lines contain only ids. But PostgreSQL quotes rows and statements in its errors, libraries quote addresses
that they cannot use, and Django quotes headers that it refuses.
"""

import re
from typing import Any

# Even a log line with the longest texts and an exception is small compared with what the rotation keeps.
TEXT_LENGTH_MAX = 2000
ADDRESS_LENGTH_MAX = 320
_QUOTED_BY_POSTGRESQL = re.compile(r"\n(?:DETAIL|CONTEXT|LINE \d+):.*?(?=\n\n|\Z)", re.DOTALL)
# Matches a whole run of such characters, with or without a domain after it. Trying each character of a run as
# the start of an address would take quadratic time.
_RUN = re.compile(r"[\w.+%'-]++(@[\w-]++(?:\.[\w-]++)++)?+")
_ADDRESS_BEGUN = re.compile(r"[\w.+%'@-]*+\Z")


def redacted(value: Any) -> Any:
    """The value without personal data, at any depth of lists and dictionaries. Keys stay."""
    match value:
        case str():
            return redacted_text(value)
        case dict():
            return {key: redacted(each) for key, each in value.items()}
        case list() | tuple():
            return [redacted(each) for each in value]
    return value


def redacted_text(text: str) -> str:
    """The text is cut first, so that a long text costs no more than a short one."""
    text = _QUOTED_BY_POSTGRESQL.sub("", _cut(text))
    if "@" not in text:
        return text
    return _RUN.sub(lambda run: "[e-mail]" if run[1] else run[0], text)


def _cut(text: str) -> str:
    if len(text) <= TEXT_LENGTH_MAX:
        return text
    kept = text[:TEXT_LENGTH_MAX]
    # An address that was cut in two would not be recognised.
    begun = _ADDRESS_BEGUN.search(kept, TEXT_LENGTH_MAX - ADDRESS_LENGTH_MAX)
    return f"{kept[: begun.start()] if begun else kept}… (of {len(text)} characters)"
