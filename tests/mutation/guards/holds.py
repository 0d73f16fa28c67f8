"""Reservations and cancelled rides: their limits."""

from tests.mutation.entries import Guard

CANCELLING = "tests/rentals/test_cancelling.py"
RESERVATIONS = "tests/rentals/test_reservations.py"
CANCEL, RESERVE = "bikerental/rentals/services/cancelling.py", "bikerental/rentals/services/reservations.py"

GUARDS = (
    Guard(
        "a ride is cancelled only soon after its start",
        CANCEL,
        "if now - rental.started_at > timedelta(seconds=settings.CANCEL_SECONDS):",
        "if False:",
        (f"{CANCELLING}::test_after_two_minutes_it_is_too_late",),
    ),
    Guard(
        "a rider cancels a few rides a day",
        CANCEL,
        "if lately.count() >= settings.CANCELS_PER_DAY:",
        "if False:",
        (f"{CANCELLING}::test_a_fourth_cancellation_in_a_day_is_refused",),
    ),
    Guard(
        "nobody holds the same bike again and again",
        RESERVE,
        "if seconds := reservation_wait_seconds(rider_id=rider_id, bike_id=bike):",
        "if seconds := 0:",
        (
            f"{RESERVATIONS}::test_the_same_bike_again_has_to_wait_twenty_minutes",
            f"{RESERVATIONS}::test_a_sixth_hold_after_five_unused_is_refused",
        ),
    ),
    Guard(
        "zero minutes switch reservations off",
        RESERVE,
        "    if not settings.RESERVATION_MINUTES:\n        raise ReservationsOffError\n",
        "",
        (f"{RESERVATIONS}::test_zero_minutes_switch_reservations_off",),
    ),
    Guard(
        "nobody who rides holds a bike",
        RESERVE,
        "    if is_riding(rider_id=rider_id):\n        raise RentalInProgressError\n",
        "",
        (f"{RESERVATIONS}::test_no_bike_is_held_during_a_ride",),
    ),
    Guard(
        "a rider holds one bike",
        RESERVE,
        "    if own is not None and own.binds:\n        raise ReservationInProgressError\n",
        "",
        (f"{RESERVATIONS}::test_a_rider_holds_one_bike_at_a_time",),
    ),
    Guard(
        "a hold that ran out is not cancelled",
        RESERVE,
        "    if hold is None or not hold.binds:\n        raise ReservationNotActiveError",
        "    if hold is None:\n        raise ReservationNotActiveError",
        (f"{RESERVATIONS}::test_a_riders_own_hold_that_ran_out_does_not_count",),
    ),
    Guard(
        "a hold that is given up locks its bike",
        RESERVE,
        "    bikes_lock(bike_ids=bike_ids)\n    hold = hold_of",
        "    hold = hold_of",
        ("tests/concurrency/test_reservations.py::test_giving_up_against_renting_the_held_bike",),
        survives="PostgreSQL then ends one of the two as a deadlock, a second later, and it is tried again",
    ),
    Guard(
        "a hold that was taken away does not count",
        RESERVE,
        ", counts=not hold.binds)",
        ")",
        (f"{RESERVATIONS}::test_an_operator_takes_a_held_bike_and_its_rider_is_told",),
    ),
    Guard(
        "who lost nothing is not told",
        RESERVE,
        "            for hold in taken\n            if hold.binds\n",
        "            for hold in taken\n",
        (f"{RESERVATIONS}::test_the_rider_is_not_told_of_a_reservation_that_ran_out",),
    ),
    Guard(
        "another rider's hold binds",
        "bikerental/rentals/services/taking.py",
        "(hold.binds and hold.rider_id != rider_id)",
        "False",
        (f"{RESERVATIONS}::test_a_bike_that_another_holds_is_not_rented",),
    ),
    Guard(
        "a hold that ran out ends before another rider has the bike",
        "bikerental/rentals/services/taking.py",
        "            hold_end(hold, Status.EXPIRED, actor=SYSTEM, now=now)\n            bike, hold",
        "            bike, hold",
        (f"{RESERVATIONS}::test_a_hold_that_ran_out_does_not_keep_the_bike",),
    ),
    Guard(
        "renting another bike gives the hold up",
        "bikerental/rentals/services/taking.py",
        "    if other is not None:\n        _give_up(other, rider_id, now)\n",
        "",
        (f"{RESERVATIONS}::test_renting_another_bike_gives_the_hold_up",),
    ),
    Guard(
        "a hold that ran out is not shown",
        "bikerental/rentals/selectors.py",
        "status=Reservation.Status.ACTIVE, expires_at__gt=Now()\n",
        "status=Reservation.Status.ACTIVE\n",
        (f"{RESERVATIONS}::test_a_riders_own_hold_that_ran_out_does_not_count",),
    ),
    Guard(
        "a hold that was taken away is no unused one",
        "bikerental/rentals/selectors.py",
        "rider_id=rider_id, counts=True, status__in",
        "rider_id=rider_id, status__in",
        (f"{RESERVATIONS}::test_an_operator_takes_a_held_bike_and_its_rider_is_told",),
    ),
    Guard(
        "a ride is cancelled with its bike or not at all",
        CANCEL,
        "now, rider_id, why), left):\n        raise BikeUnavailableError\n",
        "now, rider_id, why), left):\n        pass\n",
        ("tests/rentals/test_constraints.py::test_the_end_of_a_ride_whose_bike_is_not_rented_is_refused",),
    ),
)
