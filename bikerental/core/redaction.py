"""The last guard of logs and Sentry: what is personal in a text that somebody else wrote.

Our own lines name ids. But PostgreSQL quotes the row that it refuses and the statement that it does
not understand, and libraries quote the address that they cannot use.
"""

import re
from typing import Any

_QUOTED_BY_POSTGRESQL = re.compile(r"\n(?:DETAIL|CONTEXT|LINE \d+):.*?(?=\n\n|\Z)", re.DOTALL)
_EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")


def redacted(value: Any) -> Any:
    """The value without them; in lists and dictionaries, their keys aside, at any depth."""
    match value:
        case str():
            return _EMAIL.sub("[e-mail]", _QUOTED_BY_POSTGRESQL.sub("", value))
        case dict():
            return {key: redacted(each) for key, each in value.items()}
        case list() | tuple():
            return [redacted(each) for each in value]
    return value
