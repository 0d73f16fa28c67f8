"""The two versions of GBFS: how each writes times and translated texts."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson

from bikerental.feeds.types import Texts

DIGITS = 6  # of a coordinate: 11 cm
EPOCH_MINIMUM = 1_450_155_600  # the schemas of 2.3 refuse earlier times


class Version(NamedTuple):
    """GBFS 3.0 has every language in each file; 2.3 has a set of files for each language."""

    number: str
    folder: str
    languages: tuple[str, ...]  # of this set of files; the first one is the system's own

    @property
    def is_3(self) -> bool:
        return self.number == "3.0"

    def time(self, moment: datetime) -> Any:
        """orjson writes a datetime as RFC 3339."""
        return moment if self.is_3 else int(moment.timestamp())

    def texts(self, texts: Texts) -> Any:
        if self.is_3:
            return [{"text": texts[language], "language": language} for language in self.languages]
        return texts[self.languages[0]]

    def same_text(self, text: str) -> Any:
        """A text that is the same in every language, such as the name of a station."""
        return self.texts(dict.fromkeys(self.languages, text))


def to_json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


def head(version: Version, *, ttl: int, updated_at: datetime) -> bytes:
    """The fields that begin each file, up to the value of `data`."""
    fields = {"last_updated": version.time(updated_at), "ttl": ttl, "version": version.number}
    return to_json(fields)[:-1] + b',"data":'


def position(degrees: float) -> float:
    return round(degrees, DIGITS)
