"""The constraints of PostgreSQL."""

from tests.mutation.entries import Constraint

RENTALS = "tests/rentals/test_constraints.py"
LEDGER = "tests/billing/test_guards.py"
RESERVATIONS = "tests/rentals/test_reservations.py"
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
    Constraint("account_one_a_rider_and_currency", (LEDGER,)),
    Constraint("account_one_a_kind_and_currency", (LEDGER,)),
    Constraint("account_kind_known", (LEDGER,)),
    Constraint("account_rider_of_riders_alone", (LEDGER,)),
    Constraint("account_currency_three_letters", (LEDGER,)),
    Constraint("entry_key_unique", (f"{LEDGER}::test_a_key_books_once",)),
    Constraint("entry_reversed_once", (f"{LEDGER}::test_an_entry_is_reversed_once",)),
    Constraint("entry_one_charge_a_ride", (f"{LEDGER}::test_a_second_charge_for_a_ride_is_refused",)),
    Constraint("entry_kind_known", (LEDGER,)),
    Constraint("entry_of_a_person_has_actor_and_reason", (LEDGER,)),
    Constraint("entry_reversal_reverses", (LEDGER,)),
    Constraint("entry_of_a_ride", (LEDGER,)),
    Constraint("posting_one_an_entry_and_account", (LEDGER,)),
    Constraint("posting_not_zero", (LEDGER,)),
    Constraint("billing_account_append_only", (f"{LEDGER}::test_no_row_is_changed_or_removed",)),
    Constraint("billing_account_append_only_whole", (f"{LEDGER}::test_no_row_is_changed_or_removed",)),
    Constraint("billing_entry_append_only", (f"{LEDGER}::test_no_row_is_changed_or_removed",)),
    Constraint("billing_entry_append_only_whole", (f"{LEDGER}::test_no_row_is_changed_or_removed",)),
    Constraint("billing_posting_append_only", (f"{LEDGER}::test_no_row_is_changed_or_removed",)),
    Constraint("billing_posting_append_only_whole", (f"{LEDGER}::test_no_row_is_changed_or_removed",)),
    Constraint("entry_signed", (f"{LEDGER}::test_an_entry_cannot_be_left_open_for_a_later_transaction",)),
    Constraint("entry_written", (f"{LEDGER}::test_an_entry_without_postings_is_refused",)),
    Constraint("posting_written", (f"{LEDGER}::test_a_posting_joins_no_entry_of_an_earlier_transaction",)),
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
    Constraint("bike_event_types_known", (FLEET,)),
    Constraint("reservation_one_active_per_rider", (RESERVATIONS,)),
    Constraint("reservation_one_active_per_bike", (RESERVATIONS,)),
    Constraint("reservation_ended_unless_active", (RESERVATIONS,)),
    Constraint("reservation_expires_later", (RESERVATIONS,)),
    Constraint("bike_event_state_known", (FLEET,)),
    Constraint("bike_event_actor_known", (FLEET,)),
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
    Constraint("notification_recipient_by_name", (NOTIFICATIONS,)),
    Constraint("notification_claimed_while_sending", (NOTIFICATIONS,)),
    Constraint("notification_sent_has_time", (NOTIFICATIONS,)),
    Constraint("notification_failed_has_reason", (NOTIFICATIONS,)),
    Constraint("notification_feedback_known", (NOTIFICATIONS,)),
    Constraint("refused_address_reason", ("tests/notifications/test_creating.py",)),
    Constraint("user_email_unique", (f"{USERS}::test_the_database_refuses_what_went_round_the_normalising",)),
    Constraint("user_erased_is_inactive", (USERS,)),
    Constraint("user_erased_is_nobody", ("tests/concurrency/test_erasing.py",)),
    Constraint("idempotency_key_unique", ("tests/http/test_idempotency.py::test_the_database_holds_one_answer_a_key",)),
    Constraint("zone_begins_before_it_ends", ("tests/zones/test_zones.py::test_the_database_refuses",)),
    Constraint("zone_kind_known", ("tests/zones/test_zones.py::test_the_database_refuses",)),
    Constraint("zone_points_bounded", ("tests/zones/test_zones.py::test_the_database_refuses",)),
    Constraint("zone_shape_bounded", ("tests/zones/test_zones.py::test_the_database_refuses",)),
    Constraint("zone_shape_is_polygon", ("tests/zones/test_zones.py::test_the_database_refuses",)),
    Constraint(
        "zone_version_is_one_row", ("tests/zones/test_zones.py::test_the_database_keeps_one_number_of_the_last_change",)
    ),
)
