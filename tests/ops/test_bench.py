"""The processor times that `make bench` computes."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from compose.bare.progress import UserError
from compose.bare.state import ROOT
from tests.load import scheduling
from tests.load.__main__ import checkout, chosen_cases, parser
from tests.load.candidate import City
from tests.load.processor import Costs, Spent, costs_each, hash_seconds, seconds_of
from tests.load.report import Figures, Run, print_comparison
from tests.load.server import INSIDE
from tests.load.wrk_client import Round

CITY = City(bikes=1, rentals=1, riders=1, reads_only=False)
BURN = "import time\nwhile time.process_time() < 0.3: pass"
# A program with a child that has ended, as PostgreSQL and the worker have.
PARENT = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {BURN!r}]); print(1); time.sleep(60)"
HASH = (
    "import django; django.setup()\nfrom django.contrib.auth.hashers import make_password\nmake_password('demo-ride')"
)


def test_a_child_that_has_ended_counts() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.read(1) == b"1"
        spent = seconds_of(psutil.Process(parent.pid))
        parent.kill()

    assert 0.28 <= spent < 3  # the kernel counts in hundredths, the child and the parent each


def test_costs_are_milliseconds_a_request_without_the_hashes() -> None:
    before, after = Spent(1.0, 0.0, 0.0, hashes=1.0), Spent(3.0, 0.5, 1.25, hashes=2.0)
    idle = Spent(0.0, 0.0, 0.5, hashes=0.0)  # each second, over two
    spent = after.minus(before).minus(idle, times=2)

    assert costs_each(spent, requests=100) == Costs(web=10.0, postgresql=5.0, worker=2.5, hashes=10.0)


def test_a_server_under_measurement_tells_what_its_hashes_took(tmp_path: Path) -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "bench_settings", "PYTHONPATH": str(INSIDE), "BENCH_HASHES": str(tmp_path)}
    subprocess.run([sys.executable, "-c", HASH], cwd=ROOT, env=os.environ | environment, check=True, timeout=60)

    assert 0 < hash_seconds(tmp_path) < 5


def test_sessions_share_no_cores_until_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch = tmp_path / "switch"
    switch.write_text("1\n")
    monkeypatch.setattr(scheduling, "SWITCH", switch)

    with scheduling.without_groups_of_sessions():
        within = switch.read_text()

    assert (within, switch.read_text()) == ("0", "1")


def test_without_rights_the_command_for_root_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scheduling, "SWITCH", Path("/proc/version"))  # which nobody can write, not even root

    with scheduling.without_groups_of_sessions():
        told = capsys.readouterr().out

    assert "sudo sysctl kernel.sched_autogroup_enabled=0" in told


def test_the_empty_view_is_measured_beside_chosen_cases() -> None:
    chosen = chosen_cases(parser().parse_args(["--only", "pairs,login"]), CITY)

    assert [case.name for case in chosen] == ["empty view", "login", "pairs"]


def test_a_case_that_does_not_exist_is_named() -> None:
    with pytest.raises(UserError, match="No such case: rides"):
        chosen_cases(parser().parse_args(["--only", "rides"]), CITY)


def test_only_a_checkout_with_a_benchmark_is_compared(tmp_path: Path) -> None:
    assert checkout(str(ROOT)) == ROOT
    with pytest.raises(argparse.ArgumentTypeError):
        checkout(str(tmp_path))


def run_of(web: float, *, commit: str) -> Run:
    round_ = Round(rate=100, p50=1, p95=2, p99=3, bytes_each=0, failures="")
    figures = {name: Figures([round_], [Costs(web, 1, 1, 0)]) for name in ("empty view", "pairs")}
    return Run(f"{commit}\n", figures, [], [], commit=commit)


@pytest.mark.parametrize(("web", "said"), [(0.65, "met   "), (0.66, "MISSED")])
def test_the_bars_compare_with_the_commit_before_the_cuts(
    web: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_comparison(run_of(web, commit="this"), run_of(1.0, commit="2e207d9"))

    assert f"{said}  pairs: web at most 0.65 of 2e207d9's: {web}" in capsys.readouterr().out


def test_another_commit_is_compared_without_bars(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(run_of(1.0, commit="this"), run_of(2.0, commit="0123456"))

    text = capsys.readouterr().out
    assert "0.50" in text
    assert "met" not in text
