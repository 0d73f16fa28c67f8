"""From which columns the fields of a row are read."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar, get_type_hints

from django.db.models import CharField, Func
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from psycopg2.extras import CompositeCaster

SHARED_MAX = 1024  # far more than a city has tariffs; each takes less than a KiB
_READERS: dict[Any, Callable[[str], Any]] = {str: str, str | None: str, int: int, int | None: int}

R = TypeVar("R", bound=tuple[Any, ...])


class Columns(Generic[R]):
    """Where the fields of a row type, a NamedTuple, are read from.

        BIKE = Columns(BikeRow, id=as_text("id"), station_name="station__name", terms=TERMS)

    A field that is not named here is a column of its own name. One that is a row itself is `Shared`, or has columns of
    its own.

    :raises TypeError: for a name that is no field of the row
    """

    def __init__(self, row: type[R], **sources: "str | Combinable | Shared[Any] | Columns[Any]") -> None:
        fields: tuple[str, ...] = row._fields  # type: ignore[attr-defined] # no type says NamedTuple
        if unknown := sources.keys() - set(fields):
            raise TypeError(f"{row.__name__} has no {', '.join(sorted(unknown))}")
        self.paths: list[str | Combinable] = []
        shared, parts = [], []
        for field in fields:
            source = sources.get(field, field)
            at = len(self.paths)
            if isinstance(source, Columns):
                parts.append((slice(at, at + len(source.paths)), source.make))
                self.paths += source.paths
            elif isinstance(source, Shared):
                shared.append((at, source.read))
                self.paths.append(source.path)
            else:
                self.paths.append(source)
        self.make: Callable[[tuple[Any, ...]], R] = _maker(row, shared, parts[::-1])


def _maker(
    row: type[R],
    shared: Sequence[tuple[int, Callable[[str], Any]]],
    parts: Sequence[tuple[slice, Callable[[Any], Any]]],
) -> Callable[[tuple[Any, ...]], R]:
    """:param parts: from the last to the first, so that none is moved before it is made"""
    # `_make` also checks the length, which follows from the paths, and takes half as long again.
    new = partial(tuple.__new__, row)
    if not shared and not parts:
        return new

    def make(values: tuple[Any, ...]) -> R:
        row_values = list(values)
        for at, read in shared:
            row_values[at] = read(row_values[at])
        for place, make_part in parts:
            row_values[place] = (make_part(row_values[place]),)
        return new(row_values)

    return make


class Shared(Generic[R]):
    """A part that many rows have in common, such as their tariff.

        TERMS = Shared(TariffTerms, name="tariff__name", free_minutes="tariff__free_minutes")

    It comes as one text, and equal texts give the same object, so a page of fifty bikes reads the eight columns of its
    few tariffs once. The row has only texts and whole numbers, which may be None; other columns come as their text.
    Each row must have the part: a join that finds nothing would give one of Nones.

    :raises TypeError: for a row with other fields
    """

    def __init__(self, row: type[R], **sources: str) -> None:
        kinds = get_type_hints(row).values()
        if not _READERS.keys() >= set(kinds):
            raise TypeError(f"{row.__name__} has fields that are neither text nor whole numbers")
        readers = [_READERS[kind] for kind in kinds]
        self.path = Func(
            *Columns(row, **sources).paths, template="ROW(%(expressions)s)::text", output_field=CharField()
        )
        self.read: Callable[[str], R] = lru_cache(SHARED_MAX)(partial(_read_shared, row, readers))


def _read_shared(row: type[R], readers: Sequence[Callable[[str], Any]], text: str) -> R:
    texts = CompositeCaster.tokenize(text)  # type: ignore[no-untyped-call]
    values = (None if value is None else read(value) for read, value in zip(readers, texts, strict=True))
    return tuple.__new__(row, values)


def as_text(path: str) -> Cast:
    """A column as text, for responses that show it as text. Making a Python object takes longer than reading it."""
    return Cast(path, CharField())
