"""The removable parts: a guard in a file, or a constraint of the database."""

from typing import NamedTuple


class EntryError(Exception):
    """An entry cannot be tried: its code is gone, or its tests fail without any change."""


class Guard(NamedTuple):
    """A guard in the code, removed by replacing one piece of text.

    :param name: what the guard does, in a few words
    :param text: occurs exactly once in the file
    :param tests: what must fail without the guard, as pytest selects it
    :param survives: why no test can fail, where none can
    """

    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]
    survives: str = ""

    def without(self, code: str) -> str:
        """The file's code without the guard.

        :raises EntryError: if the text is not there once
        """
        if (count := code.count(self.text)) != 1:
            raise EntryError(f"{self.name}: its text occurs {count} times in {self.file}, not once")
        return code.replace(self.text, self.instead)


class Constraint(NamedTuple):
    """A constraint, unique index or trigger that PostgreSQL keeps, removed from the test database."""

    name: str
    tests: tuple[str, ...]
    survives: str = ""


Entry = Guard | Constraint
