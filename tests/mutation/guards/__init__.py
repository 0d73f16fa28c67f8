"""The guards, by their topic. Each new guard gets an entry with the test that protects it."""

from tests.mutation.entries import Entry
from tests.mutation.guards import (
    access,
    background,
    constraints,
    feeds,
    forgetting,
    holds,
    locks,
    mail,
    maps,
    operators,
    photos,
    places,
    recovery,
    spelling,
    state,
    strangers,
    web,
    zones,
)

ENTRIES: tuple[Entry, ...] = (
    *locks.GUARDS,
    *constraints.CONSTRAINTS,
    *holds.GUARDS,
    *state.GUARDS,
    *access.GUARDS,
    *strangers.GUARDS,
    *web.GUARDS,
    *spelling.GUARDS,
    *photos.GUARDS,
    *places.GUARDS,
    *zones.GUARDS,
    *feeds.GUARDS,
    *operators.GUARDS,
    *maps.GUARDS,
    *mail.GUARDS,
    *background.GUARDS,
    *recovery.GUARDS,
    *forgetting.GUARDS,
)
