"""The table, and how the figures stand to the bars."""

from dataclasses import dataclass, field
from statistics import median

from compose.bare.progress import say
from tests.load.wrk_client import Round

MIB_MAX = 150
SPREAD_MAX = 5
SIZES_APART = 0.2


@dataclass
class Figures:
    """Of one case, over its rounds."""

    rounds: list[Round] = field(default_factory=list)
    statements: str = ""

    def of(self, name: str) -> float:
        figure: float = median(getattr(each, name) for each in self.rounds)
        return figure

    @property
    def failures(self) -> str:
        return "; ".join(filter(None, (each.failures for each in self.rounds)))


@dataclass
class Run:
    """One size of the city."""

    title: str
    cases: dict[str, Figures]
    pgbench: list[float]
    drains: list[float | None]
    resident_mib: float = 0.0

    def rate(self, name: str) -> float:
        return self.cases[name].of("rate")

    def share(self, name: str) -> float:
        """Of what the empty view does in the same run: what the machine is worth cancels out."""
        return self.rate(name) / self.rate("empty view")


def print_run(run: Run) -> None:
    say(f"\n{run.title}\n")
    say(f"  {'':12}{'per s':>8}{'of empty':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'bytes':>8}{'SQL':>8}  not 2xx")
    for name, figures in run.cases.items():
        times = "".join(f"{figures.of(each):9.1f}" for each in ("p50", "p95", "p99"))
        say(
            f"  {name:12}{figures.of('rate'):8.0f}{run.share(name):10.2f}{times}{figures.of('bytes_each'):8.0f}"
            f"{figures.statements:>8}  {figures.failures or '-'}"
        )
    if run.pgbench:
        say(f"  {'pgbench':12}{median(run.pgbench):8.0f}   pairs of bare SQL, without Django")
    if run.drains:
        waits = ", ".join("not within the limit" if each is None else f"{each:.1f}" for each in run.drains)
        say(f"  All rides settled after a round of pairs: {waits} s later")
    say(f"  Largest web process: {run.resident_mib:.0f} MiB")


def print_bars(runs: list[Run]) -> None:
    largest = runs[-1]
    say("\nBars\n")
    for name, bar in (("pairs", 0.3), ("list", 0.5), ("history", 0.5)):
        if name in largest.cases:
            _say(f"{name} at least {bar} of the empty view", f"{largest.share(name):.2f}", largest.share(name) >= bar)
    for name, figures in largest.cases.items():
        spread = figures.of("p99") / max(figures.of("p50"), 0.001)
        _say(f"{name}: p99 at most {SPREAD_MAX} times p50", f"{spread:.1f}", spread <= SPREAD_MAX)
    _say(f"web process under {MIB_MAX} MiB", f"{largest.resident_mib:.0f}", largest.resident_mib < MIB_MAX)
    if len(runs) > 1:
        for name in ("list", "near", "history"):
            change = largest.share(name) / runs[0].share(name) - 1
            text = f"{name}: share of the empty view within {SIZES_APART:.0%} of the smallest city's"
            _say(text, f"{change:+.0%}", abs(change) <= SIZES_APART or change > 0)


def _say(text: str, figure: str, is_met: bool) -> None:
    say(f"  {'met   ' if is_met else 'MISSED'}  {text}: {figure}")
