"""Where bikes may be, and what moves with them."""

from tests.mutation.entries import Guard

PLACES = "tests/fleet/test_places.py"
BOUNDS = "tests/rentals/test_bounds.py"
STATIONS = "tests/concurrency/test_stations.py"
FILES = "tests/console/test_fleet_files.py::test_a_row_deleted_before_the_locks_refuses_the_file"

GUARDS = (
    Guard(
        "bikes move with their station",
        "bikerental/fleet/services/stations.py",
        '    standing.update(latitude=Subquery(station.values("latitude")), '
        'longitude=Subquery(station.values("longitude")))\n',
        "",
        (f"{PLACES}::test_a_station_that_moves_takes_its_bikes_along",),
    ),
    Guard(
        "a station that does not move moves no bike",
        "bikerental/fleet/services/stations.py",
        'is_moved = bool({"latitude", "longitude"}.intersection(fields))',
        "is_moved = True",
        (f"{PLACES}::test_a_station_that_is_renamed_moves_nothing",),
    ),
    Guard(
        "a station that moves waits for who returns there",
        "bikerental/fleet/services/stations.py",
        "        station_lock(station_id=station.pk)\n",
        "",
        ("tests/concurrency/test_stations.py::test_a_bike_returned_while_its_station_moves_moves_along",),
    ),
    Guard(
        "a bike stands where its station is",
        "bikerental/fleet/services/bikes.py",
        "        bike.latitude, bike.longitude = station.latitude, station.longitude\n",
        "",
        (f"{PLACES}::test_a_bike_that_is_given_a_station_stands_there",),
    ),
    Guard(
        "a bike with another position is at no station",
        "bikerental/fleet/services/bikes.py",
        '        bike.station = None\n        return {*fields, "station"}\n',
        "        return set(fields)\n",
        (f"{PLACES}::test_other_coordinates_take_a_bike_off_its_station",),
    ),
    Guard(
        "a bike that is ridden gets no station",
        "bikerental/fleet/admin/bikes.py",
        ' and self.instance.status == BikeStatus.RENTED:\n            self.add_error("station", ',
        ' and False:\n            self.add_error("station", ',
        (f"{PLACES}::test_a_bike_that_is_ridden_gets_no_station",),
    ),
    Guard(
        "an operator puts a bike where the service is",
        "bikerental/fleet/admin/bikes.py",
        '        if not is_in_service(Position(latitude, longitude)):\n            self.add_error("latitude"',
        '        if False:\n            self.add_error("latitude"',
        (f"{PLACES}::test_a_bike_in_another_city_is_a_mistake",),
    ),
    Guard(
        "a bike that stands outside of the bounds may stay",
        "bikerental/fleet/admin/bikes.py",
        ' or not {"latitude", "longitude"} & set(self.changed_data):',
        ":",
        (f"{PLACES}::test_a_bike_that_bounds_left_outside_may_stay",),
    ),
    Guard(
        "a bike returned where it was taken is at the station as it is now",
        "bikerental/rentals/services/places.py",
        "rental.start_station_name, locked.start_latitude, locked.start_longitude)",
        "rental.start_station_name, None, None)",
        (f"{PLACES}::test_returned_where_taken_is_where_the_station_is_now",),
    ),
    Guard(
        "a bike is returned where the service is",
        "bikerental/rentals/services/places.py",
        "if not decision.is_in_service_area and not is_in_service(position):",
        "if False:",
        (
            f"{BOUNDS}::test_a_place_far_from_all_stations_is_refused",
            "tests/zones/test_returning.py::test_no_fee_lets_a_bike_be_left_where_none_can_be",
        ),
    ),
    Guard(
        "an operator's bounds count before the stations",
        "bikerental/fleet/selectors/bounds.py",
        "    if settings.SERVICE_BOUNDS is not None:\n",
        "    if False:\n",
        (f"{BOUNDS}::test_an_operators_bounds_count_instead",),
    ),
    Guard(
        "a return asks for the stations once a minute",
        "bikerental/fleet/selectors/bounds.py",
        "    _kept = (time.monotonic() + KEPT_SECONDS, boxes)\n",
        "",
        (f"{BOUNDS}::test_a_return_by_place_asks_for_the_stations_once_a_minute",),
    ),
    Guard(
        "a new station counts at once",
        "bikerental/fleet/selectors/bounds.py",
        "time.monotonic() < until and lies_in(place, boxes):\n        return True\n",
        "time.monotonic() < until:\n        return lies_in(place, boxes)\n",
        (f"{BOUNDS}::test_a_new_station_counts_at_once_an_old_one_for_a_minute",),
    ),
    Guard(
        "a return keeps its station",
        "bikerental/fleet/locks.py",
        "    lock_shared=[Station],\n",
        "",
        (
            f"{STATIONS}::test_a_deletion_after_the_return_is_refused_with_a_message",
            f"{STATIONS}::test_a_return_to_a_deleted_station_is_a_404",
        ),
    ),
    Guard(
        "returns at one station do not wait for each other",
        "bikerental/fleet/locks.py",
        "    lock_shared=[Station],\n",
        "    lock=[Station],\n",
        (f"{STATIONS}::test_returns_at_one_station_do_not_wait_for_each_other",),
    ),
    Guard(
        "a file whose station was deleted meanwhile is refused",
        "bikerental/fleet/services/loading.py",
        "    if len(stations) < len(ids):\n        raise FleetChangedError\n",
        "",
        (FILES,),
    ),
    Guard(
        "a file whose bike was deleted meanwhile is refused",
        "bikerental/fleet/services/loading.py",
        "        if len(locked) < len(differing):\n            raise FleetChangedError\n",
        "",
        (FILES,),
    ),
)
