"""Where a ride may end."""

from tests.mutation.entries import Guard

RETURNING = "tests/zones/test_returning.py"
SHAPES = "tests/zones/test_shapes.py"
ZONES = "tests/zones/test_zones.py"
DRAWN = "bikerental/zones/selectors/cached.py"
NEAREST = "bikerental/zones/selectors/nearest.py"
READING = "bikerental/zones/shapes.py"
PLACES = "bikerental/rentals/services/places.py"

GUARDS = (
    Guard(
        "zones: a ride ends only where they allow it",
        PLACES,
        "if decision.reason is not None and not is_paid:",
        "if False:",
        (
            f"{RETURNING}::test_outside_every_service_area_it_goes_on",
            f"{RETURNING}::test_inside_a_no_return_zone_it_goes_on",
        ),
    ),
    Guard(
        "zones: the fee is accepted, not assumed",
        PLACES,
        "decision.reason is not None and accepts_fee and",
        "decision.reason is not None and",
        (f"{RETURNING}::test_for_the_fee_a_ride_ends_outside",),
    ),
    Guard(
        "zones: a tariff without the fee ends no ride outside",
        PLACES,
        "accepts_fee and terms.out_of_area_fee is not None",
        "accepts_fee",
        (f"{RETURNING}::test_accepting_a_fee_that_is_not_in_the_tariff_does_nothing",),
    ),
    Guard(
        "zones: a drawn area needs no other bounds",
        PLACES,
        "if not decision.is_in_service_area and not is_in_service(position):",
        "if not is_in_service(position):",
        (f"{RETURNING}::test_a_drawn_area_needs_no_stations_near",),
    ),
    Guard(
        "stations: a closed one takes no bike",
        PLACES,
        "    if not station.is_returning:\n",
        "    if False:\n",
        (f"{RETURNING}::test_a_closed_station_names_the_nearest_open_one",),
    ),
    Guard(
        "stations: a closed one takes no bike back without a place",
        PLACES,
        "if locked.start_is_returning is False:",
        "if False:",
        (f"{RETURNING}::test_without_a_place_a_bike_goes_back_to_no_closed_station",),
    ),
    Guard(
        "stations: one that does not lend lends no bike",
        "bikerental/rentals/services/taking.py",
        "    if bike.station_is_renting is False:\n",
        "    if False:\n",
        (f"{RETURNING}::test_a_station_that_does_not_lend_lends_no_bike",),
    ),
    Guard(
        "stations: lists leave out the bikes of one that does not lend",
        "bikerental/fleet/selectors/bikes.py",
        'bikes = bikes.exclude(station__in=Station.objects.filter(is_renting=False).values("pk"))',
        "pass",
        (f"{RETURNING}::test_lists_leave_out_bikes_that_no_rider_can_take",),
    ),
    Guard(
        "zones: one that is not valid forbids nothing",
        DRAWN,
        "for zone in self._zones_at(place) if zone.is_valid(now)}",
        "for zone in self._zones_at(place)}",
        (f"{ZONES}::test_a_zone_counts_between_its_times",),
    ),
    Guard(
        "zones: both sides of the 180th meridian are asked",
        DRAWN,
        "(180.0, -180.0) if abs(place.longitude) == 180 else (place.longitude,)",
        "(place.longitude,)",
        (f"{SHAPES}::test_the_180th_meridian_is_one_whichever_sign_it_has",),
    ),
    Guard(
        "zones: what is kept is of the last change",
        DRAWN,
        "    if _cached.number == number:\n        return _cached\n",
        "    if _cached.number is not None:\n        return _cached\n",
        (f"{ZONES}::test_a_change_reads_the_shapes_of_changed_zones_alone",),
    ),
    Guard(
        "zones: only active ones are read",
        DRAWN,
        "ON zone.is_active AND",
        "ON",
        (f"{RETURNING}::test_a_zone_that_is_not_in_force_forbids_nothing",),
    ),
    Guard(
        "zones: the nearest end is one where a ride may end",
        NEAREST,
        " and zones.decide(found, now).reason is None:",
        ":",
        (RETURNING,),
        survives="the margin keeps the point inside; this check is for shapes narrower than rounding",
    ),
    Guard(
        "zones: the nearest point is a margin inside",
        NEAREST,
        "MARGIN_M = 1.0",
        "MARGIN_M = 0.0",
        (f"{RETURNING}::test_inside_a_no_return_zone_it_goes_on",),
    ),
    Guard(
        "zones: too many points are not looked at for the nearest end",
        NEAREST,
        "        if sum(_points(zone) for zone in nearby) > POINTS_MAX:\n            return None\n",
        "",
        (f"{RETURNING}::test_a_square_with_too_many_points_is_given_up",),
    ),
    Guard(
        "zones: a drawing that crosses itself is refused",
        READING,
        "    if not geometry.is_valid:\n",
        "    if False:\n",
        (f"{SHAPES}::test_an_invalid_shape_is_refused_with_the_reason",),
    ),
    Guard(
        "zones: a ring round a pole is refused",
        READING,
        "    if turn:\n",
        "    if False:\n",
        (f"{SHAPES}::test_an_invalid_shape_is_refused_with_the_reason",),
    ),
    Guard(
        "zones: a drawing is cut at the 180th meridian",
        READING,
        "if whole.bounds[2] <= 180:",
        "if True:",
        (f"{SHAPES}::test_a_zone_across_the_180th_meridian",),
    ),
    Guard(
        "zones: a hole is on the side of its shell",
        READING,
        "[_beside(hole, shell) for hole in holes]",
        "holes",
        (f"{SHAPES}::test_a_hole_across_the_180th_meridian",),
    ),
    Guard(
        "zones: points are counted before they are read",
        READING,
        "    if sum(map(len, rings)) > POINTS_MAX:\n",
        "    if False:\n",
        (f"{SHAPES}::test_too_many_points_are_refused",),
    ),
    Guard(
        "zones: a drawing has a bounded size",
        READING,
        '    if len(text.encode(errors="surrogatepass")) > SHAPE_BYTES_MAX:\n',
        "    if False:\n",
        (f"{SHAPES}::test_too_many_bytes_are_refused_before_they_are_parsed",),
    ),
    Guard(
        "zones: the active ones fit into memory",
        "bikerental/zones/services.py",
        "        raise TooManyZonesError\n",
        "        return\n",
        (
            f"{ZONES}::test_more_active_zones_than_a_process_can_keep_are_refused",
            f"{ZONES}::test_more_points_than_a_process_can_keep_are_refused",
        ),
    ),
    Guard(
        "zones: what an answer does not change is not sent again",
        "bikerental/zones/api/views.py",
        "return get_conditional_response(request, etag=collection.etag, response=answer) or answer",
        "return answer",
        (f"{ZONES}::test_an_unchanged_list_is_not_sent_again",),
    ),
    Guard(
        "zones: the active ones are counted under a lock",
        "bikerental/zones/services.py",
        "    zones_lock()\n    others",
        "    others",
        ("tests/concurrency/test_zones.py::test_the_second_of_two_zones_at_once_counts_the_first",),
    ),
    Guard(
        "zones: a change is compared under a lock",
        "bikerental/zones/services.py",
        "    zones_lock()\n    if not Zone",
        "    if not Zone",
        ("tests/concurrency/test_zones.py::test_the_second_of_two_changes_of_a_zone_is_refused",),
    ),
)
