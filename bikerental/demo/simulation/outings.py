"""What a simulated rider means to do. The choices depend on the seed alone, not on what the service answers."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from bikerental.claims.constants import ClaimKind
from bikerental.maintenance.constants import ReportKind
from bikerental.rentals.constants import CancelReason

# Simulated seconds between two outings, on the average, and between a hold and the ride.
PAUSE_SECONDS, WALK_SECONDS = 2400.0, 180.0
SHARE_HOLDS, SHARE_GIVES_UP, SHARE_IN_THE_STREET, SHARE_CANCELS, SHARE_LOOKS = 0.3, 0.15, 0.3, 0.02, 0.25
SHARE_REPORTS, SHARE_CLAIMS = 0.02, 0.03
# A claim `returned_earlier` sends the bike to maintenance, and no simulated operator repairs it.
CLAIM_KINDS = (ClaimKind.WRONG_CHARGE, ClaimKind.NOT_UNLOCKED, ClaimKind.OTHER)


class Outing(NamedTuple):
    """What the rider does in one outing. Numbers from 0 to 1 choose among bikes nearby, stations and crossings."""

    pause: float  # simulated seconds before it
    bike: float
    walk: float | None  # simulated seconds between the hold and the ride; None: without a hold
    gives_up: bool  # the held bike
    cancels: CancelReason | None  # the ride, at once
    station: float
    crossing: tuple[float, float] | None  # instead of a station: how far north and east
    metres_a_second: float
    checks_cost: bool  # at the cost, while riding
    report: ReportKind | None
    claim: ClaimKind | None


def outings(*, seed: int, rider: int) -> Iterator[Outing]:
    """The outings of a rider, without end."""
    chance = Random(f"{seed} {rider}")  # noqa: S311 - nothing is secret here
    pause = chance.uniform(0, PAUSE_SECONDS)
    while True:
        yield Outing(
            pause=pause,
            bike=chance.random(),
            walk=chance.uniform(0.3, 1) * WALK_SECONDS if chance.random() < SHARE_HOLDS else None,
            gives_up=chance.random() < SHARE_GIVES_UP,
            cancels=chance.choice(list(CancelReason)) if chance.random() < SHARE_CANCELS else None,
            station=chance.random(),
            crossing=(chance.random(), chance.random()) if chance.random() < SHARE_IN_THE_STREET else None,
            metres_a_second=chance.uniform(3.0, 5.5),
            checks_cost=chance.random() < SHARE_LOOKS,
            report=chance.choice(list(ReportKind)) if chance.random() < SHARE_REPORTS else None,
            claim=chance.choice(CLAIM_KINDS) if chance.random() < SHARE_CLAIMS else None,
        )
        pause = chance.expovariate(1 / PAUSE_SECONDS)
