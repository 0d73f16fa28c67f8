"""The tables of figures, and their comparison with the bars."""

from dataclasses import dataclass, field
from math import nan
from statistics import median

from compose.bare.progress import say
from tests.load.processor import Costs
from tests.load.wrk_client import Round

MIB_MAX = 150
SPREAD_MAX = {"pairs": 3.0}
SPREAD_MAX_ELSE = 5.0
SIZES_APART = 0.2
LEAST_MS = 0.05
# The processor time of a request in all programs together, as a multiple of the empty view's.
COSTS_MAX = {"list": 2.2, "history": 2.8, "login": 13.0, "pairs": 20.0}
# The commit before the processor time was reduced, and the allowed share of its figures: (case, figure, share).
CUT_SINCE = "2e207d9"
SHARES_MAX = (
    ("pairs", "web", 0.65),
    ("pairs", "postgresql", 0.87),
    ("ten-a-second", "worker", 0.5),
    ("login", "web", 0.45),
    ("list", "web", 0.8),
    ("history", "web", 0.8),
    ("pairs", "p99", 0.5),
)


@dataclass
class Figures:
    """The figures of one case, over its rounds."""

    rounds: list[Round] = field(default_factory=list)
    costs: list[Costs] = field(default_factory=list)
    statements: str = "-"

    def of(self, name: str) -> float:
        """The median of a figure or a cost over the rounds."""
        rows = self.costs if hasattr(Costs, name) else self.rounds
        figure: float = median(getattr(each, name) for each in rows)
        return figure

    @property
    def failures(self) -> str:
        return "; ".join(filter(None, (each.failures for each in self.rounds)))


@dataclass
class Run:
    """The figures of one checkout, in one size of the city."""

    title: str
    cases: dict[str, Figures]
    pgbench: list[float]
    drains: list[float | None]
    commit: str = ""
    resident_mib: float = 0.0

    def share(self, name: str, figure: str = "total") -> float:
        """A cost as a multiple of the empty view's in the same run, so that the machine's speed cancels out."""
        return self.cases[name].of(figure) / self.cases["empty view"].of("total")


def print_run(run: Run) -> None:
    say(f"\n{run.title}\n")
    say(
        f"  {'processor time:':14}{'web ms':>9}{'share':>7}{'PG ms':>8}{'share':>7}{'worker ms':>11}{'share':>7}"
        f"{'per s':>9}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}{'bytes':>8}{'SQL':>7}  not 2xx"
    )
    for name, figures in run.cases.items():
        costs = "".join(
            f"{figures.of(each):{width}.2f}{run.share(name, each):7.2f}"
            for each, width in (("web", 9), ("postgresql", 8), ("worker", 11))
        )
        times = "".join(f"{figures.of(each):8.1f}" for each in ("p50", "p95", "p99"))
        say(
            f"  {name:14} {costs}{figures.of('rate'):9.0f}{times}{figures.of('bytes_each'):8.0f}"
            f"{figures.statements:>7}  {figures.failures or '-'}"
        )
    say("  A share is a multiple of the empty view's processor time in all programs. A pair is a rent and its return.")
    if "login" in run.cases:
        say(f"  The log-in's web ms are without the password's hash: {run.cases['login'].of('hashes'):.1f} ms more")
    if run.pgbench:
        say(f"  pgbench: {median(run.pgbench):.0f} pairs of bare SQL per s, without Django")
    if run.drains:
        waits = ", ".join("not within the limit" if each is None else f"{each:.1f}" for each in run.drains)
        say(f"  All rides settled after each round of rides: {waits} s later")
    say(f"  Largest web process: {run.resident_mib:.0f} MiB")


def print_comparison(ours: Run, other: Run) -> None:
    say(f"\nAs shares of what {other.title.splitlines()[0]} took in the same rounds\n")
    names = ("web", "postgresql", "worker", "total", "rate", "p50", "p99")
    say(f"  {'':15}" + "".join(f"{name:>12}" for name in names))
    for case in ours.cases:
        say(f"  {case:14} " + "".join(f"{share_of(ours, other, case, name):12.2f}" for name in names))
    say("")
    if other.commit.startswith(CUT_SINCE):
        for case, name, bar in SHARES_MAX:
            if case in ours.cases:
                share = share_of(ours, other, case, name)
                _say(f"{case}: {name} at most {bar} of {CUT_SINCE}'s", f"{share:.2f}", share <= bar)


def share_of(ours: Run, other: Run, case: str, name: str) -> float:
    """Nan if the figure is too small to compare, such as the worker's during reads."""
    before = other.cases[case].of(name)
    return ours.cases[case].of(name) / before if before > LEAST_MS else nan


def print_bars(runs: list[Run]) -> None:
    largest = runs[-1]
    say("\nBars\n")
    for name, most in COSTS_MAX.items():
        if name in largest.cases:
            _say(f"{name} costs at most {most} empty views", f"{largest.share(name):.2f}", largest.share(name) <= most)
    for name, figures in largest.cases.items():
        spread, most = figures.of("p99") / max(figures.of("p50"), 0.001), SPREAD_MAX.get(name, SPREAD_MAX_ELSE)
        _say(f"{name}: p99 at most {most:.0f} times p50", f"{spread:.1f}", spread <= most)
    _say(f"web process under {MIB_MAX} MiB", f"{largest.resident_mib:.0f}", largest.resident_mib < MIB_MAX)
    if len(runs) > 1:
        for name in set(largest.cases) & {"list", "near", "history"}:
            change = largest.share(name) / runs[0].share(name) - 1
            text = f"{name}: multiple of the empty view within {SIZES_APART:.0%} of the smallest city's"
            _say(text, f"{change:+.0%}", abs(change) <= SIZES_APART or change < 0)


def _say(text: str, figure: str, is_met: bool) -> None:
    say(f"  {'met   ' if is_met else 'MISSED'}  {text}: {figure}")
