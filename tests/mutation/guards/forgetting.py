"""Deleting old and personal data, in batches."""

from tests.mutation.entries import Guard

UPLOADS = "tests/maintenance/test_uploads.py"
ERASURE = "tests/security/test_erasure.py"

GUARDS = (
    Guard(
        "sessions are purged",
        "bikerental/users/services/sessions.py",
        "rows_purge(Session.objects.filter(expires_at__lt=now))",
        "0",
        ("tests/users/test_sessions.py::test_the_purge_takes_expired_sessions_alone",),
    ),
    Guard(
        "idempotency keys are purged",
        "bikerental/http/services.py",
        "return rows_purge(IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT_FOR))",
        "return 0",
        ("tests/http/test_idempotency.py::test_the_purge_forgets_the_expired_alone",),
    ),
    Guard(
        "messages are purged",
        "bikerental/notifications/services/forgetting.py",
        "return rows_purge(old) + ",
        "return ",
        ("tests/notifications/test_forgetting.py::test_finished_messages_are_deleted_after_the_retention",),
    ),
    Guard(
        "guess counters are purged",
        "bikerental/users/services/guessing.py",
        "    return rows_purge(old)\n",
        "    return old.count()\n",
        ("tests/users/test_guessing.py::test_the_purge_keeps_counters_that_still_count",),
    ),
    Guard(
        "old rides become nobody's",
        "bikerental/rentals/services/forgetting.py",
        "update(rider=None, start_station=None, end_station=None)",
        "update(overdue_told_at=None)",
        ("tests/rentals/test_forgetting.py::test_forgetting_removes_rider_and_places_and_keeps_amounts",),
    ),
    Guard(
        "a purge takes a batch to a statement",
        "bikerental/core/work/purging.py",
        "size=PURGE_BATCH",
        "size=10**9",
        ("tests/users/test_sessions.py::test_the_purge_takes_a_batch_to_a_statement",),
    ),
    Guard(
        "an app that refuses keeps the account as it was",
        "bikerental/accounts/services.py",
        "@unit_of_work\ndef _erase(",
        "def _erase(",
        ("tests/accounts/test_erasure.py::test_an_app_that_refuses_keeps_everything",),
    ),
    Guard(
        "an erasure takes the refused address",
        "bikerental/notifications/erasure.py",
        "    address_erase(email=account.email, confirmed=account.email_confirmed)\n",
        "    pass\n",
        ("tests/notifications/test_feedback.py::test_an_erased_account_leaves_no_address", ERASURE),
    ),
    Guard(
        "an erasure takes what operators wrote in messages",
        "bikerental/notifications/erasure.py",
        "    operators_words_erase(recipient_id=account.user_id)\n",
        "",
        ("tests/claims/test_forgetting.py", ERASURE),
    ),
    Guard(
        "an erasure takes the kept answers",
        "bikerental/http/erasure.py",
        "    idempotency_keys_erase(rider_id=account.user_id)\n",
        "    pass\n",
        (ERASURE, "tests/accounts/test_closing.py"),
    ),
    Guard(
        "an erasure takes operators' reasons",
        "bikerental/rentals/erasure.py",
        "    reasons_erase(rider_id=account.user_id)\n",
        "    pass\n",
        ("tests/accounts/test_closing.py::test_operators_reasons_go_with_the_account",),
    ),
    Guard(
        "an erasure takes words and photos of reports",
        "bikerental/maintenance/erasure.py",
        "    reports_forget(rider_id=account.user_id)\n",
        "    pass\n",
        (f"{UPLOADS}::test_a_closed_account_leaves_no_words_and_no_photos_behind",),
    ),
    Guard(
        "an erasure takes the name out of the admin's history",
        "bikerental/users/services/accounts.py",
        "        object_repr=str(user.pk)\n",
        "        object_id=str(user.pk)\n",
        ("tests/users/test_accounts.py::test_the_admins_history_names_nobody",),
    ),
)
