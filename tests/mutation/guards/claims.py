"""Claims: which rides, until when, and how they are decided."""

from tests.mutation.entries import Guard

SERVICES, ADJUSTING = "bikerental/claims/services.py", "bikerental/rentals/services/adjusting.py"
CLAIMING, DECIDING = "tests/claims/test_claiming.py", "tests/claims/test_deciding.py"

GUARDS = (
    Guard(
        "a ride can be disputed for thirty days",
        SERVICES,
        "if rental.ended_at is not None and rental.ended_at < now - timedelta(days=settings.CLAIM_DAYS):",
        "if False:",
        (f"{CLAIMING}::test_a_ride_can_be_disputed_for_thirty_days",),
    ),
    Guard(
        "the last moment of the thirty days is in time",
        SERVICES,
        "rental.ended_at < now - timedelta(days=settings.CLAIM_DAYS)",
        "rental.ended_at <= now - timedelta(days=settings.CLAIM_DAYS)",
        (f"{CLAIMING}::test_the_last_moment_of_the_thirty_days_is_in_time",),
    ),
    Guard(
        "a claimed end is between the start and now",
        SERVICES,
        "if complaint.ended_at is not None and not started_at <= complaint.ended_at <= now:",
        "if False:",
        (f"{CLAIMING}::test_a_bike_is_returned_between_the_start_and_now",),
    ),
    Guard(
        "a claimed station exists",
        SERVICES,
        "    _require_station(complaint.place)\n",
        "",
        (f"{CLAIMING}::test_a_station_that_is_not_there_is_not_found",),
    ),
    Guard(
        "a claim about a ride that has ended leaves its end",
        SERVICES,
        " and locked.rental.status == Rental.Status.ACTIVE:",
        ":",
        (f"{CLAIMING}::test_a_ride_that_has_ended_keeps_its_end",),
    ),
    Guard(
        "a claim of another kind ends no ride",
        SERVICES,
        "complaint.kind == ClaimKind.RETURNED_EARLIER and ",
        "",
        (f"{CLAIMING}::test_a_claim_of_another_kind_ends_no_ride",),
    ),
    Guard(
        "a bike that was returned earlier waits for somebody to look",
        "bikerental/rentals/services/rides.py",
        "left_by_operator(locked, place)._replace(to_maintenance=True)",
        "left_by_operator(locked, place)",
        (f"{CLAIMING}::test_a_ride_that_was_returned_earlier_ends_now",),
    ),
    Guard(
        "a claim is about a ride of the rider's own",
        SERVICES,
        "rental_lock(rental_id=rental_id, rider_id=rider_id)",
        "rental_lock(rental_id=rental_id)",
        (f"{CLAIMING}::test_another_riders_ride_is_not_found",),
    ),
    Guard(
        "a decision has a reason",
        SERVICES,
        "    if not decision.reason.strip():\n        raise ReasonMissingError\n",
        "",
        (f"{DECIDING}::test_a_decision_needs_a_reason",),
    ),
    Guard(
        "a ride is settled before its claim is decided",
        SERVICES,
        "    rentals_settle(rental_ids=[rental_id], now=now)\n",
        "",
        (f"{DECIDING}::test_a_ride_that_awaits_settling_is_settled_first",),
    ),
    Guard(
        "a decision with another reason is no repetition",
        SERVICES,
        "stored = (claim.decided_by_id, claim.answer,",
        "stored = (claim.decided_by_id, booking.reason,",
        (f"{DECIDING}::test_another_decision_of_the_same_operator_is_refused",),
    ),
    Guard(
        "the rider is told how a claim was decided",
        SERVICES,
        "    notification_create(\n        kind=CLAIM_DECIDED.name,",
        "    (lambda **_: None)(\n        kind=CLAIM_DECIDED.name,",
        (f"{DECIDING}::test_the_rider_gets_a_message",),
    ),
    Guard(
        "a corrected end is within the ride",
        ADJUSTING,
        " <= ended_at <= rental.ended_at:",
        ":",
        (f"{DECIDING}::test_no_more_than_the_cost_is_taken_off",),
    ),
    Guard(
        "a preview takes off no more than the ride costs",
        ADJUSTING,
        "        if correction.amount > present:\n            raise AdjustmentTooHighError\n",
        "",
        (f"{DECIDING}::test_a_preview_of_more_than_the_ride_costs_is_refused",),
    ),
    Guard(
        "a form corrects one ride",
        ADJUSTING,
        "(booked.rental_id, booked.reason) != (rental_id, booking.reason.strip())",
        "False",
        (DECIDING,),
    ),
)
