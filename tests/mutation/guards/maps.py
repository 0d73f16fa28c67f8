"""The operators' map."""

from tests.mutation.entries import Guard

DATA = "bikerental/console/selectors/map.py"
PAGES = "bikerental/console/pages/map.py"
TESTS = "tests/console/test_map.py"

GUARDS = (
    Guard(
        "map: a ridden bike is not in the first answer",
        DATA,
        "bike.status NOT IN ('rented', 'retired')",
        "bike.status <> 'retired'",
        (f"{TESTS}::test_the_map_has_no_place_of_a_ridden_bike",),
    ),
    Guard(
        "map: a ridden bike has no place in a later answer",
        DATA,
        "CASE WHEN stands.state IS NOT NULL THEN round(bike.latitude * %(parts)s) END",
        "round(bike.latitude * %(parts)s)",
        (f"{TESTS}::test_the_map_has_no_place_of_a_ridden_bike", f"{TESTS}::test_later_answers_have_what_has_changed"),
    ),
    Guard(
        "map: reports are for those who may read them",
        PAGES,
        'with_reports=self.operator.has_perm("maintenance.view_bikereport")',
        "with_reports=True",
        (f"{TESTS}::test_without_the_right_to_reports_there_are_none",),
    ),
    Guard(
        "map: an event that became visible late is not missed",
        DATA,
        "happened_at and happened_at - MAP_OVERLAP",
        "happened_at",
        (f"{TESTS}::test_an_event_that_was_committed_late_is_sent",),
    ),
    Guard(
        "map: after too many events everything is sent",
        DATA,
        "<= MAP_EVENTS_MAX",
        ">= 0",
        (f"{TESTS}::test_after_too_many_events_everything_is_sent",),
    ),
    Guard(
        "map: what is in no log is sent too",
        DATA,
        "is_whole = mark.bikes != since.bikes or ",
        "is_whole = ",
        (f"{TESTS}::test_a_change_that_no_log_has_is_sent",),
    ),
    Guard(
        "map: the card of a ridden bike tells no place",
        "bikerental/console/templates/console/map/card.html",
        '{% if bike.status != "rented" %}<dt>',
        "{% if True %}<dt>",
        (f"{TESTS}::test_the_card_of_a_ridden_bike_shows_no_place",),
    ),
)
