"""Maps the fields of a row type to columns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import repeat
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
        self._row = row
        self._shared: list[tuple[int, Shared[Any]]] = []
        self._parts: list[tuple[slice, Columns[Any]]] = []  # from the last to the first, so that none is moved
        for field in fields:
            source = sources.get(field, field)
            at = len(self.paths)
            if isinstance(source, Columns):
                self._parts.insert(0, (slice(at, at + len(source.paths)), source))
                self.paths += source.paths
            elif isinstance(source, Shared):
                self._shared.append((at, source))
                self.paths.append(source.path)
            else:
                self.paths.append(source)

    def rows(self, found: Iterable[tuple[Any, ...]]) -> Iterator[R]:
        """The rows, from the values of `paths`."""
        if self._shared or self._parts:
            found = self._with_parts(found)
        # `_make` also checks the length, which follows from the paths, and takes half as long again.
        return map(tuple.__new__, repeat(self._row), found)

    def _with_parts(self, found: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """Column by column: a Python function for each row takes 1.6 times as long."""
        columns: list[Any] = list(zip(*found, strict=True))
        if not columns:
            return ()
        for at, shared in self._shared:
            columns[at] = map(shared.read, columns[at])
        for place, part in self._parts:
            columns[place] = [part.rows(zip(*columns[place], strict=True))]
        return zip(*columns, strict=True)

    def row(self, values: tuple[Any, ...]) -> R:
        return next(self.rows([values]))


class Shared(Generic[R]):
    """A part that many rows have in common, such as their tariff.

        TERMS = Shared(TariffTerms, name="tariff__name", free_minutes="tariff__free_minutes")

    It comes as one text, and equal texts give the same object, so a page of fifty bikes reads the eight columns of its
    few tariffs once. The row has only texts and whole numbers, which may be None; other columns come as their text.
    Do not use it with an outer join: a missing part would become a row of Nones.

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
