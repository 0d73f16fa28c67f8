"""The city's reservations: of each status some, and the messages to riders who lost one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bikerental.demo.city import QUIET, City, make_id
from bikerental.fleet.constants import ActorKind
from bikerental.notifications.models import Notification
from bikerental.rentals.messages import RESERVATION_TAKEN_AWAY
from bikerental.rentals.models import Reservation

Status = Reservation.Status
HELD_FOR = timedelta(minutes=10)
# Longer than the service would hold a bike, so that the pages have something to show for a day.
SHOWN_FOR = timedelta(days=1)
ENDED_MAX = 200
# By the last digit of the bike's number: how its reservation ended, by whom, and after how many minutes.
ENDS = {
    4: (Status.CANCELLED, ActorKind.RIDER, 3),
    6: (Status.EXPIRED, ActorKind.SYSTEM, 10),
    8: (Status.CANCELLED, ActorKind.OPERATOR, 5),
}
USED = 1


class Hold(NamedTuple):
    bike: int
    rider: str
    status: Status
    created_at: datetime
    ended_at: datetime | None
    ended_by: ActorKind = ActorKind.RIDER

    @property
    def id(self) -> str:
        return make_id("reservation", self.bike)


def holds(city: City, *, now: datetime) -> dict[int, Hold]:
    """By the bike. Call it after `City.rentals`.

    Those that were not used lie between the end of the last ride and the end of the past, one for each rider.
    """
    made = [_used(city, bike) for bike in range(USED, city.size.bikes, 10) if city.last_rides[bike]][:ENDED_MAX]
    unused = [bike for bike in range(city.size.bikes) if bike % 10 in ENDS and city.status(bike) == "available"]
    made += [_unused(city, bike, turn) for turn, bike in enumerate(unused[: min(ENDED_MAX, city.size.users)])]
    made += [Hold(bike, rider, Status.ACTIVE, now, None) for bike, rider in city.held.items()]
    return {hold.bike: hold for hold in made}


def _used(city: City, bike: int) -> Hold:
    ride = city.last_rides[bike]
    if ride is None:
        raise LookupError(bike)
    started_at = datetime.fromisoformat(ride.started_at).astimezone(UTC)
    return Hold(bike, ride.rider, Status.USED, started_at - timedelta(minutes=4), started_at)


def _unused(city: City, bike: int, turn: int) -> Hold:
    status, ended_by, minutes = ENDS[bike % 10]
    created_at = city.ends_at - QUIET
    return Hold(bike, city.riders[turn], status, created_at, created_at + timedelta(minutes=minutes), ended_by)


def reservations(city: City, made: dict[int, Hold]) -> Iterator[Reservation]:
    for hold in made.values():
        yield Reservation(
            id=hold.id,
            created_at=hold.created_at,
            rider_id=hold.rider,
            bike_id=city.bike_ids[hold.bike],
            status=hold.status,
            expires_at=hold.created_at + (SHOWN_FOR if hold.status == Status.ACTIVE else HELD_FOR),
            ended_at=hold.ended_at,
            counts=hold.ended_by != ActorKind.OPERATOR,
        )


def messages(made: dict[int, Hold]) -> Iterator[Notification]:
    for hold in made.values():
        if hold.ended_by == ActorKind.OPERATOR and hold.ended_at is not None:
            yield Notification(
                id=make_id("message", hold.id),
                created_at=hold.ended_at,
                kind=RESERVATION_TAKEN_AWAY.name,
                recipient_id=hold.rider,
                subject_id=hold.id,
                key=f"{RESERVATION_TAKEN_AWAY.name}:{hold.id}",
                language="en",
                context={"bike_number": f"D-{hold.bike + 1:06}"},
                state=Notification.State.SENT,
                attempts=1,
                next_attempt_at=hold.ended_at,
                sent_at=hold.ended_at + timedelta(seconds=1),
            )
