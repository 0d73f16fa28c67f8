"""The last guard of logs and Sentry: what is personal, or too long, in a text that somebody else wrote.

Our own lines name ids. But PostgreSQL quotes the row that it refuses and the statement that it does
not understand, libraries quote the address that they cannot use, and Django the header that it refuses.
"""

import re
from typing import Any

# A log line with the longest texts and an exception is still short beside what the rotation keeps.
TEXT_LENGTH_MAX = 2000
ADDRESS_LENGTH_MAX = 320
_QUOTED_BY_POSTGRESQL = re.compile(r"\n(?:DETAIL|CONTEXT|LINE \d+):.*?(?=\n\n|\Z)", re.DOTALL)
# A whole run of such characters at a time, with or without a domain behind it: to try each
# character of a run as the start of an address would cost the square of its length.
_RUN = re.compile(r"[\w.+%'-]++(@[\w-]++(?:\.[\w-]++)++)?+")
_ADDRESS_BEGUN = re.compile(r"[\w.+%'@-]*+\Z")


def redacted(value: Any) -> Any:
    """The value without them; in lists and dictionaries, their keys aside, at any depth."""
    match value:
        case str():
            return redacted_text(value)
        case dict():
            return {key: redacted(each) for key, each in value.items()}
        case list() | tuple():
            return [redacted(each) for each in value]
    return value


def redacted_text(text: str) -> str:
    """Cut first: what is dropped costs nothing to look at."""
    text = _QUOTED_BY_POSTGRESQL.sub("", _cut(text))
    if "@" not in text:
        return text
    return _RUN.sub(lambda run: "[e-mail]" if run[1] else run[0], text)


def _cut(text: str) -> str:
    if len(text) <= TEXT_LENGTH_MAX:
        return text
    kept = text[:TEXT_LENGTH_MAX]
    # An address that the cut goes through would not be known for one.
    begun = _ADDRESS_BEGUN.search(kept, TEXT_LENGTH_MAX - ADDRESS_LENGTH_MAX)
    return f"{kept[: begun.start()] if begun else kept}… (of {len(text)} characters)"
