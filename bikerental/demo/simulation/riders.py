"""A simulated rider: rides from outing to outing until the clock stops."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from bikerental.core.geometry import Position
from bikerental.demo.constants import DEMO_EMAIL_DOMAIN, DEMO_PASSWORD
from bikerental.demo.simulation.api import Answer, Api, RefusedError, Tally, UnansweredError
from bikerental.demo.simulation.clock import Clock, StoppedError
from bikerental.demo.simulation.outings import Outing
from bikerental.demo.simulation.streets import Route, crossing_between, route

NEAR_M, FAR_M, BIKES_SEEN = 1000, 8000, 10
SHORTEST_SECONDS = 60.0
TEXT = "Simulated."


class Station(NamedTuple):
    id: str
    place: Position


class Ride(NamedTuple):
    id: str
    way: Route
    began_at: float  # real seconds of the clock
    seconds: float  # how long it takes, in simulated seconds


class Rider:
    def __init__(self, number: int, *, api: Api, clock: Clock, tally: Tally, outings: Iterator[Outing]) -> None:
        self.email = f"simulated-{number:04}@{DEMO_EMAIL_DOMAIN}"
        self.ride: Ride | None = None
        self.hold = ""
        # Whether the service may know of a ride or a hold that the rider does not know of.
        self.is_unsure = True
        self._full_name = f"Simulated rider {number}"
        self._api, self._clock, self._tally, self._outings = api, clock, tally, outings
        self._tokens: dict[str, str] = {}
        self._stations: list[Station] = []
        self._place: Position | None = None

    @property
    def may_have_ride_or_hold(self) -> bool:
        return bool(self.ride or self.hold or (self._tokens and self.is_unsure))

    def log_in(self) -> None:
        """Log in. If there is no such account, register first.

        :raises RefusedError: if the service refuses
        :raises UnansweredError: if it does not answer
        """
        credentials = {"email": self.email, "password": DEMO_PASSWORD}
        answer = self._api.request("POST", "auth/token/", body=credentials, expected={"credentials_invalid"})
        if not answer.is_good:
            person = {"name": self._full_name, **credentials}
            self._api.request("POST", "auth/register/", body=person, expected={"email_taken"})
            answer = self._api.request("POST", "auth/token/", body=credentials)
        self._tokens = answer.body

    def stations(self) -> list[Station]:
        """All stations, in the order of their ids."""
        path, found = "stations/?page_size=200", []
        while path:
            page = self._ask("GET", path).body
            found += [Station(each["id"], Position(each["latitude"], each["longitude"])) for each in page["results"]]
            path = page["next"] or ""
        return sorted(found)

    def live(self, stations: list[Station]) -> None:
        """Ride until the clock stops. In the end there is no ride and no hold, if the service answers."""
        self._stations = stations
        with suppress(StoppedError):
            self._live()
        self._end()

    def _live(self) -> None:
        for outing in self._outings:
            self._place = self._place or self._station(outing).place
            self._clock.wait(outing.pause)
            try:
                if not self._tokens:
                    self.log_in()
                if self.is_unsure:
                    self._end_unknown()
                self._make_outing(outing)
            except (RefusedError, UnansweredError):
                self.is_unsure = True

    def _make_outing(self, outing: Outing) -> None:
        bike = self._find_bike(self._place or self._station(outing).place, outing)
        if bike is None:
            return
        if outing.walk is not None and not self._hold(bike, outing):
            return
        self._rent(bike, outing)
        if outing.cancels:
            self._cancel(outing)
            return
        self._ride_to_end(outing)
        ride = self._return(self._end_of(outing))
        self._report_and_claim(bike, ride, outing)

    def _find_bike(self, place: Position, outing: Outing) -> Any:
        for radius in (NEAR_M, FAR_M):
            where = f"lat={place.latitude:.6f}&lon={place.longitude:.6f}&radius={radius}"
            bikes = self._ask("GET", f"bikes/?{where}&page_size={BIKES_SEEN}").body["results"]
            if bikes:
                return bikes[int(outing.bike * len(bikes))]
        self._tally.count_done("looks without a bike nearby")
        return None

    def _hold(self, bike: Any, outing: Outing) -> bool:
        """Whether the rider still wants the bike."""
        self.hold = self._ask("POST", "reservations/", {"bike_number": bike["number"]}).body["id"]
        self._tally.count_done("holds")
        self._clock.wait(outing.walk or 0.0)
        if outing.gives_up:
            self._give_up_hold()
        return not outing.gives_up

    def _give_up_hold(self) -> None:
        self._ask("DELETE", f"reservations/{self.hold}/", expected={"reservation_not_active"})
        self.hold = ""
        self._tally.count_done("holds given up")

    def _rent(self, bike: Any, outing: Outing) -> None:
        ride = self._ask("POST", "rentals/", {"bike": bike["id"]}).body
        self.hold = ""
        way = route(Position(bike["latitude"], bike["longitude"]), self._end_of(outing).place)
        seconds = max(SHORTEST_SECONDS, way.metres / outing.metres_a_second)
        self.ride = Ride(ride["id"], way, self._clock.real_seconds, seconds)
        self._tally.count_done("rides")

    def _cancel(self, outing: Outing) -> None:
        if self.ride is None:
            return
        reason = {"reason": outing.cancels, "text": TEXT}
        answer = self._ask("POST", f"rentals/{self.ride.id}/cancel/", reason, expected={"cancel_not_allowed"})
        if answer.is_good:
            self._tally.count_done("cancelled rides")
            self.ride = None
        else:
            self._return(self._end_of(outing))

    def _ride_to_end(self, outing: Outing) -> None:
        if self.ride is None:
            return
        self._clock.wait(self.ride.seconds / 2)
        if outing.checks_cost:
            self._ask("GET", "rentals/current/")
        self._clock.wait(self.ride.seconds / 2)

    def _return(self, end: "End") -> Any:
        """The ride as it ended. Where it may not end, the rider goes on to the place that the service names."""
        if self.ride is None:
            return None
        path = f"rentals/{self.ride.id}/return/"
        refusals = {"return_not_allowed", "station_closed"}
        answer = self._ask("POST", path, end.body, expected=refusals)
        if not answer.is_good:
            self._tally.count_done("rides sent on to another place")
            end = self._nearest(answer)
            answer = self._ask("POST", path, end.body)
        self.ride, self._place = None, end.place
        return answer.body

    def _nearest(self, answer: Answer) -> "End":
        nearest = answer.body.get("nearest")
        if not nearest:
            return End.of(self._stations[0])
        place = Position(nearest["latitude"], nearest["longitude"])
        return End(place, nearest["station"]["id"] if nearest["station"] else "")

    def _report_and_claim(self, bike: Any, ride: Any, outing: Outing) -> None:
        if outing.report:
            self._ask("POST", f"bikes/{bike['id']}/reports/", {"kind": outing.report, "text": TEXT})
            self._tally.count_done("reports")
        if outing.claim and ride:
            self._ask("POST", f"rentals/{ride['id']}/claims/", {"kind": outing.claim, "text": TEXT})
            self._tally.count_done("claims")

    def _end(self) -> None:
        """End ride and hold at once: the ride where the rider is on the way."""
        try:
            if self.ride is not None:
                share = (self._clock.real_seconds - self.ride.began_at) * self._clock.speed / self.ride.seconds
                self._return(End(self.ride.way.at(min(1.0, share))))
            if self.hold:
                self._give_up_hold()
            if self.is_unsure and self._tokens:
                self._end_unknown()
        except (RefusedError, UnansweredError):
            self.is_unsure = True

    def _end_unknown(self) -> None:
        """Ask the service for a ride and a hold that the rider does not know of, and end them."""
        ride = self._ask("GET", "rentals/current/", expected={"no_active_rental"})
        if ride.is_good:
            place = self._place or self._stations[0].place
            self.ride = Ride(ride.body["id"], Route((place, place)), self._clock.real_seconds, SHORTEST_SECONDS)
            self._return(End(place))
        hold = self._ask("GET", "reservations/current/", expected={"no_active_reservation"})
        if hold.is_good:
            self.hold = hold.body["id"]
            self._give_up_hold()
        self.ride, self.hold, self.is_unsure = None, "", False

    def _ask(self, method: str, path: str, body: Any = None, *, expected: Any = ()) -> Answer:
        """The answer to a request of this rider. If the access token has run out, log in again, once."""
        answer = self._api.request(
            method, path, token=self._tokens.get("access", ""), body=body, expected={"token_invalid", *expected}
        )
        if answer.code != "token_invalid" or answer.is_good:
            return answer
        self._log_in_again()
        return self._api.request(method, path, token=self._tokens.get("access", ""), body=body, expected=expected)

    def _log_in_again(self) -> None:
        refresh = self._api.request(
            "POST",
            "auth/token/refresh/",
            body={"refresh": self._tokens.get("refresh", "-")},
            expected={"token_invalid"},
        )
        if refresh.is_good:
            self._tokens = refresh.body
        else:
            self.log_in()

    def _station(self, outing: Outing) -> Station:
        return self._stations[int(outing.station * len(self._stations))]

    def _end_of(self, outing: Outing) -> "End":
        if outing.crossing is None:
            return End.of(self._station(outing))
        north, east = outing.crossing
        return End(crossing_between([each.place for each in self._stations], north=north, east=east))


class End(NamedTuple):
    """Where a ride ends: a station, or a place in the street."""

    place: Position
    station: str = ""

    @classmethod
    def of(cls, station: Station) -> "End":
        return cls(station.place, station.id)

    @property
    def body(self) -> dict[str, Any]:
        if self.station:
            return {"station": self.station}
        return {"latitude": round(self.place.latitude, 6), "longitude": round(self.place.longitude, 6)}
