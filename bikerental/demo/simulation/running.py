"""All riders of a simulation at once, until it is stopped."""

from collections.abc import Callable
from threading import Thread

from bikerental.demo.simulation.api import Api, Tally
from bikerental.demo.simulation.clock import Clock
from bikerental.demo.simulation.outings import outings
from bikerental.demo.simulation.riders import Rider, Station

PROGRESS_SECONDS = 5.0
# After the time for ending: as long as the last requests may take.
LAST_SECONDS = 30.0


class NoStationsError(Exception):
    """There is nowhere to ride."""


class Simulation:
    """:param speed: simulated seconds in a real one"""

    def __init__(self, *, url: str, riders: int, speed: float, seed: int) -> None:
        self.clock = Clock(speed=speed)
        self.tally = Tally()
        self.api = Api(url, clock=self.clock, tally=self.tally)
        self.riders = [
            Rider(number, api=self.api, clock=self.clock, tally=self.tally, outings=outings(seed=seed, rider=number))
            for number in range(1, riders + 1)
        ]

    def run(self, write_line: Callable[[str], None]) -> None:
        """Run until `clock.stop()`, and until each rider has ended.

        :raises RefusedError: if the first rider may not log in
        :raises UnansweredError: if the service does not answer at the start
        :raises NoStationsError: if it has no station
        """
        self.riders[0].log_in()
        stations = self.riders[0].stations()
        if not stations:
            raise NoStationsError
        threads = [self._started(rider, stations) for rider in self.riders]
        while not self.clock.wait_for_stop(PROGRESS_SECONDS):
            write_line(self.progress())
        write_line("The riders end what they began.")
        for thread in threads:
            thread.join(max(0.0, self.clock.ending_seconds + LAST_SECONDS))

    def _started(self, rider: Rider, stations: list[Station]) -> Thread:
        # A daemon: one that hangs does not keep the command from ending.
        thread = Thread(target=rider.live, args=[stations], daemon=True)
        thread.start()
        return thread

    def progress(self) -> str:
        riding = sum(rider.ride is not None for rider in self.riders)
        done, errors = self.tally.counts()
        return (
            f"{duration(self.clock.simulated_seconds)} simulated: {riding} riding, {done['rides']} rides, "
            f"{done['requests']} requests, {sum(errors.values())} refused or unanswered"
        )

    def summary(self) -> str:
        done, errors = self.tally.counts()
        requests = done.pop("requests", 0)
        counts = ", ".join(f"{what} {count}" for what, count in done.most_common()) or "nothing done"
        wrong = ", ".join(f"{code} {count}" for code, count in errors.most_common()) or "none"
        left = self.left()
        return (
            f"{len(self.riders)} riders lived {duration(self.clock.simulated_seconds)} in "
            f"{duration(self.clock.real_seconds)}: {counts}.\n"
            f"{requests} requests. Refused or unanswered: {wrong}.\n"
            + (f"May still ride or hold a bike: {', '.join(left)}." if left else "No ride and no hold is left.")
        )

    def left(self) -> list[str]:
        """Riders whose ride or hold may still be there."""
        return [rider.email for rider in self.riders if rider.may_have_ride_or_hold]


def duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"
