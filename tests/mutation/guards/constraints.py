"""What PostgreSQL itself forbids."""

from tests.mutation.entries import Constraint

RENTALS = "tests/rentals/test_constraints.py"
FLEET = "tests/fleet/test_models.py"
NOTIFICATIONS = "tests/notifications/test_creating.py::test_the_database_forbids_what_must_not_be"
USERS = "tests/users/test_accounts.py"

TWICE = "Django has a check of its own for a PositiveIntegerField, which refuses the same"

CONSTRAINTS = (
    Constraint("rental_one_open_per_rider", (f"{RENTALS}::test_a_rider_has_one_open_ride",)),
    Constraint("rental_one_open_per_bike", (f"{RENTALS}::test_a_bike_has_one_open_ride",)),
    Constraint("rental_status_known", (RENTALS,)),
    Constraint("rental_ended_unless_active", (RENTALS,)),
    Constraint("rental_cost_once_settled", (RENTALS,)),
    Constraint("rental_over_has_end", (RENTALS,)),
    Constraint("rental_settled_has_cost", (RENTALS,)),
    Constraint("rental_terms_not_negative", (RENTALS,)),
    Constraint(
        "rental_of_nobody_is_settled_and_placeless",
        ("tests/rentals/test_forgetting.py::test_the_database_forbids_half_a_forgotten_ride",),
    ),
    Constraint("rental_event_once", (RENTALS,)),
    Constraint("tariff_currency_known", (FLEET,)),
    Constraint("tariff_terms_bounded", (FLEET,)),
    Constraint("tariff_amounts_can_be_paid", (FLEET,)),
    Constraint("tariff_free_minutes_not_negative", (FLEET,), survives=TWICE),
    Constraint("tariff_overdue_not_negative", (FLEET,), survives=TWICE),
    Constraint("failed_row_once", ("tests/core/test_batches.py::test_a_row_fails_once_for_a_task",)),
    Constraint("tariff_unlock_fee_not_negative", (FLEET,)),
    Constraint("tariff_per_minute_not_negative", (FLEET,)),
    Constraint("tariff_daily_cap_not_negative", (FLEET,)),
    Constraint("bike_model_propulsion_known", (FLEET,)),
    Constraint("station_latitude_range", (FLEET,)),
    Constraint("station_longitude_range", (FLEET,)),
    Constraint("bike_number_unique", (FLEET,)),
    Constraint("bike_number_key_unique", (FLEET,)),
    Constraint("take_out_limit_is_one_row", ("tests/maintenance/test_taking_out.py::test_there_is_one_limit",)),
    Constraint("bike_status_known", (FLEET,)),
    Constraint("bike_latitude_range", (FLEET,)),
    Constraint("bike_longitude_range", (FLEET,)),
    Constraint("bike_report_kind_known", (FLEET,)),
    Constraint("bike_report_closed_has_time", (FLEET,)),
    Constraint("bike_report_open_once", ("tests/maintenance/test_reports.py",)),
    Constraint(
        "photo_upload_state_known", (FLEET,), survives="photo_upload_confirmed_has_time names every state as well"
    ),
    Constraint("photo_upload_refused_has_code", (FLEET,)),
    Constraint("photo_upload_confirmed_has_time", (FLEET,)),
    Constraint("photo_upload_published_has_time", (FLEET,)),
    Constraint("notification_key_unique", ("tests/notifications/test_creating.py",)),
    Constraint("notification_recipient_by_kind", (NOTIFICATIONS,)),
    Constraint("notification_claimed_while_sending", (NOTIFICATIONS,)),
    Constraint("notification_sent_has_time", (NOTIFICATIONS,)),
    Constraint("notification_failed_has_reason", (NOTIFICATIONS,)),
    Constraint("notification_feedback_known", (NOTIFICATIONS,)),
    Constraint("refused_address_reason", ("tests/notifications/test_creating.py",)),
    Constraint("user_email_unique", (f"{USERS}::test_the_database_refuses_what_went_round_the_normalising",)),
    Constraint("user_erased_is_inactive", (USERS,)),
    Constraint("user_erased_is_nobody", ("tests/concurrency/test_erasing.py",)),
    Constraint("idempotency_key_unique", ("tests/http/test_idempotency.py::test_the_database_holds_one_answer_a_key",)),
)
