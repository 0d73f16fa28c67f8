"""The rows that begin and end a ride: one SQL statement each, so all are written or none.

Plain ORM writes took 40 % more processor time of the web server and 25 % more of PostgreSQL
(docs/architecture/decisions/0016-prepared-statements.md). The caller has locked the rows in this order: the user, the
rental, the bike. A further row for a ride's beginning or end needs one more part of WITH here; a part that may refuse
is counted at the end.
"""

from uuid import UUID

from bikerental.core.db.replica import replica_is_set
from bikerental.core.db.statements import SqlStatement
from bikerental.fleet.constants import BikeStatus, Transition, Transitions
from bikerental.fleet.services import bike_move_sql
from bikerental.fleet.types import BikeForRental
from bikerental.rentals.constants import CANCELLED
from bikerental.rentals.models import RentalEvent
from bikerental.rentals.types import Ending, HoldRow, Left, RentalRow

_RECENT_CHANGE = """
    recent_change AS (
        INSERT INTO users_recentchange (user_id, changed_at)
        SELECT %(actor_id)s, statement_timestamp() WHERE %(has_replica)s
        ON CONFLICT (user_id) DO UPDATE SET changed_at = EXCLUDED.changed_at
    )"""
# A new column of the model without a database default must be added here. A test checks that.
START = SqlStatement(f"""
    WITH {bike_move_sql(Transitions.TAKE, place="station_id = NULL", station="%(station_id)s")}, rental AS (
        INSERT INTO rentals_rental (
            id, created_at, rider_id, bike_id, status, started_at, start_station_id,
            tariff_id, tariff_name, currency, unlock_fee, per_minute, free_minutes, daily_cap, overdue_after_minutes,
            out_of_area_fee
        )
        VALUES (
            %(rental_id)s, %(now)s, %(actor_id)s, %(bike_id)s, 'active', %(now)s, %(station_id)s,
            %(tariff_id)s, %(name)s, %(currency)s, %(unlock_fee)s, %(per_minute)s, %(free_minutes)s,
            %(daily_cap)s, %(overdue_after_minutes)s, %(out_of_area_fee)s
        )
    ), event AS (
        INSERT INTO rentals_rentalevent (rental_id, kind, happened_at, actor_id, reason)
        VALUES (%(rental_id)s, 'started', %(now)s, %(actor_id)s, '')
    ), {_RECENT_CHANGE}
    SELECT (SELECT count(*) FROM bike)
""")  # noqa: S608 - of constants alone
_WHERE_LEFT = """
    station_id = %(station_id)s,
    latitude = coalesce(%(latitude)s, latitude), longitude = coalesce(%(longitude)s, longitude)"""


def _ending(transition: Transition, state: str = "status = 'returned'") -> SqlStatement:
    return SqlStatement(f"""
        WITH rental AS (
            UPDATE rentals_rental
               SET {state}, ended_at = %(ended_at)s, end_station_id = %(station_id)s,
                   is_out_of_area = %(is_out_of_area)s
             WHERE id = %(rental_id)s AND status = 'active'
            RETURNING 1
        ), {bike_move_sql(transition, place=_WHERE_LEFT)}, event AS (
            INSERT INTO rentals_rentalevent (rental_id, kind, happened_at, actor_id, reason)
            VALUES (%(rental_id)s, %(kind)s, %(now)s, %(actor_id)s, %(reason)s)
        ), {_RECENT_CHANGE}
        SELECT (SELECT count(*) FROM rental), (SELECT count(*) FROM bike)
    """)  # noqa: S608 - of constants alone


END, END_TO_MAINTENANCE = _ending(Transitions.LEAVE), _ending(Transitions.LEAVE_BROKEN)
# A cancelled ride is final at once: nothing is left to settle.
CANCEL = _ending(
    Transitions.CANCEL,
    "status = 'settled', is_cancelled = true, cost_amount = 0, cost_lines = '[]', settled_at = %(ended_at)s",
)


def rental_write_start(rental: RentalRow, *, rider_id: UUID, bike: BikeForRental, hold: HoldRow | None) -> bool:
    """Write the rental, its bike and its first event. False if the bike was not available. One statement."""
    return START.first(
        rental_id=rental.id,
        actor_id=rider_id,
        operator_id=None,
        reservation_id=hold and hold.id,
        bike_id=rental.bike_id,
        bike_status=bike.status,
        now=rental.started_at,
        station_id=rental.start_station_id,
        tariff_id=bike.tariff_id,
        has_replica=replica_is_set(),
        **rental.terms._asdict(),
    ) == (1,)


def rental_write_end(rental: RentalRow, ending: Ending, left: Left) -> bool:
    """Write the rental's end, its bike and the event. False if rental or bike were not in the state of a ride. One
    statement.

    Without a position the bike stays where it was last.
    """
    statement = END_TO_MAINTENANCE if left.to_maintenance else END
    if rental.status == CANCELLED:
        statement = CANCEL
    return statement.first(
        rental_id=rental.id,
        reservation_id=None,
        bike_id=rental.bike_id,
        bike_status=BikeStatus.RENTED.value,
        ended_at=rental.ended_at,
        is_out_of_area=left.is_out_of_area,
        station_id=left.station_id,
        latitude=left.latitude,
        longitude=left.longitude,
        kind=ending.kind,
        now=ending.happened_at,
        actor_id=ending.actor_id,
        operator_id=ending.actor_id if ending.kind == RentalEvent.Kind.ENDED_BY_OPERATOR else None,
        reason=ending.reason,
        has_replica=replica_is_set(),
    ) == (1, 1)
