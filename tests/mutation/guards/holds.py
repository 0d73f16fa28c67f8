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
        (f"{CANCELLING}::test_three_in_a_day_are_enough",),
    ),
    Guard(
        "nobody holds the same bike again and again",
        RESERVE,
        "if seconds := reservation_again_in(rider_id=rider_id, bike_id=bike):",
        "if seconds := 0:",
        (
            f"{RESERVATIONS}::test_the_same_bike_again_has_to_wait_twenty_minutes",
            f"{RESERVATIONS}::test_five_unused_in_a_day_are_enough",
        ),
    ),
)
