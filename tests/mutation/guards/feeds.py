"""The public feed: one build at a time, of one snapshot, that follows no bike."""

from tests.mutation.entries import Guard

BUILDING = "tests/feeds/test_building.py"
SERVING = "tests/feeds/test_serving.py"

GUARDS = (
    Guard(
        "all files are of one snapshot",
        "bikerental/feeds/locks.py",
        "ISOLATION LEVEL REPEATABLE READ",
        "ISOLATION LEVEL READ COMMITTED",
        (f"{BUILDING}::test_all_files_are_of_one_snapshot",),
    ),
    Guard(
        "one transaction builds at a time",
        "bikerental/feeds/locks.py",
        """        cursor.execute("LOCK TABLE feeds_feedbuild IN SHARE ROW EXCLUSIVE MODE")\n""",
        "",
        (f"{BUILDING}::test_a_build_does_not_wait_for_one_that_runs",),
    ),
    Guard(
        "all files of a build appear together",
        "bikerental/feeds/services/building.py",
        "@unit_of_work\ndef _build",
        "def _build",
        (f"{BUILDING}::test_all_files_appear_together",),
    ),
    Guard(
        "a ride gives a bike another public id",
        "bikerental/feeds/documents/vehicles.py",
        "{bike_id} {ride_id}",
        "{bike_id}",
        (f"{BUILDING}::test_the_public_id_is_another_one_after_each_ride",),
    ),
    Guard(
        "the list of vehicles is in the order of their public ids",
        "bikerental/feeds/documents/vehicles.py",
        "    vehicles.sort()\n",
        "",
        (f"{BUILDING}::test_vehicles_are_listed_by_their_changing_ids",),
    ),
    Guard(
        "the public feed knows its hosts",
        "bikerental/feeds/wsgi.py",
        " or not _is_allowed(host)",
        "",
        (f"{SERVING}::test_a_host_that_is_not_allowed_is_refused",),
    ),
    Guard(
        "the limits of headers hold for the public feed",
        "bikerental/feeds/wsgi.py",
        " or are_too_large(environ)",
        "",
        (f"{SERVING}::test_the_limits_of_headers_hold",),
    ),
    Guard(
        "a web process builds where nobody else does",
        "bikerental/feeds/services/serving.py",
        "                feed_build(now=now)\n",
        "",
        (f"{SERVING}::test_without_a_build_a_process_builds",),
    ),
)
