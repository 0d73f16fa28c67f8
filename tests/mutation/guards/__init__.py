"""The guards of the house, by what they guard against. A new guard gets an entry with the test that holds it."""

from tests.mutation.entries import Entry
from tests.mutation.guards import (
    access,
    background,
    constraints,
    forgetting,
    locks,
    mail,
    operators,
    photos,
    places,
    spelling,
    state,
    strangers,
)

ENTRIES: tuple[Entry, ...] = (
    *locks.GUARDS,
    *constraints.CONSTRAINTS,
    *state.GUARDS,
    *access.GUARDS,
    *strangers.GUARDS,
    *spelling.GUARDS,
    *photos.GUARDS,
    *places.GUARDS,
    *operators.GUARDS,
    *mail.GUARDS,
    *background.GUARDS,
    *forgetting.GUARDS,
)
