"""What a simulated rider means to do. The choices depend on the seed alone, not on what the service answers."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from bikerental.claims.constants import ClaimKind
from bikerental.maintenance.constants import ReportKind
from bikerental.rentals.constants import CancelReason

# Simulated seconds between two outings, on the average, and between a hold and the ride.
AT_HOME, WALK = 2400.0, 180.0
HOLDS, GIVES_UP, IN_THE_STREET, REGRETS, LOOKS = 0.3, 0.15, 0.3, 0.02, 0.25
REPORTS, CLAIMS = 0.02, 0.03
# Returning earlier than it is so sends the bike to maintenance, and nobody here repairs one.
CLAIM_KINDS = (ClaimKind.WRONG_CHARGE, ClaimKind.NOT_UNLOCKED, ClaimKind.OTHER)


class Outing(NamedTuple):
    """Shares from 0 to 1 choose among what is there: a bike nearby, a station, a crossing."""

    pause: float  # simulated seconds before it
    bike: float
    walk: float | None  # simulated seconds between the hold and the ride; None: without a hold
    gives_up: bool  # the held bike
    cancels: CancelReason | None  # the ride, at once
    station: float
    crossing: tuple[float, float] | None  # instead of a station: how far north and east
    metres_a_second: float
    looks: bool  # at the cost, while riding
    report: ReportKind | None
    claim: ClaimKind | None


def outings(*, seed: int, rider: int) -> Iterator[Outing]:
    """Without an end."""
    chance = Random(f"{seed} {rider}")  # noqa: S311 - nothing is secret here
    pause = chance.uniform(0, AT_HOME)
    while True:
        yield Outing(
            pause=pause,
            bike=chance.random(),
            walk=chance.uniform(0.3, 1) * WALK if chance.random() < HOLDS else None,
            gives_up=chance.random() < GIVES_UP,
            cancels=chance.choice(list(CancelReason)) if chance.random() < REGRETS else None,
            station=chance.random(),
            crossing=(chance.random(), chance.random()) if chance.random() < IN_THE_STREET else None,
            metres_a_second=chance.uniform(3.0, 5.5),
            looks=chance.random() < LOOKS,
            report=chance.choice(list(ReportKind)) if chance.random() < REPORTS else None,
            claim=chance.choice(CLAIM_KINDS) if chance.random() < CLAIMS else None,
        )
        pause = chance.expovariate(1 / AT_HOME)
