import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from bikerental.core.registry import declared
from bikerental.rentals.reconciliation import GRACE, SHOWN_MAX, Finding, Window, reconcile

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = timedelta(days=36_500)
MEANINGS = {
    "bikes_without_ride": "rented bikes without an open ride",
    "rides_without_bike": "open rides whose bike is not rented",
    "bikes_off_station": "bikes at a station that have another position",
    "states_off_log": "bikes whose state differs from their last event in the log",
    "holds_run_out": "expired reservations that were not ended in time",
    "holds_without_bike": "active reservations whose bike is not reserved",
    "bikes_without_hold": "reserved bikes without an active reservation",
    "rides_of_closed_accounts": "open rides whose rider's account is closed",
    "bikes_ridden_twice": "bikes with more than one open ride",
    "riders_riding_twice": "riders with more than one open ride",
    "rides_unsettled": "rides that ended and were not settled in time",
    "receipts_missing": "settled rides without a receipt",
    "receipts_doubled": "rides with a receipt whose key does not prevent a second one",
    "messages_unsent": "due messages that were not sent in time",
    "keys_orphaned": "idempotency keys whose ride or rider is gone",
    "rows_failed": "rows whose own data make a task fail",
    "charges_missing": "settled rides with a cost and without a charge",
    "charges_without_ride": "charges of rides that are not settled, or not there",
    "charges_doubled": "rides with more than one charge",
    "charges_wrong": "rides with a wrong charge: another amount or rider",
    "entries_unbalanced": "entries that do not add up to zero",
    "accounts_wrong": "accounts with postings of unbalanced entries",
    "trial_balance": "currencies whose postings do not add up to zero",
    "costs_wrong": "settled rides whose cost differs from their terms",
}
for meanings_of_app in declared("checks", "MEANINGS"):
    MEANINGS |= meanings_of_app


class Command(BaseCommand):
    help = (
        "Count inconsistent rows: bikes and open rides, ended and settled rides, costs and the rules of prices, "
        "messages, idempotency keys and charges with their rides, the ledger's entries with each other. It only "
        "reads. Exits with 0 if every count is 0, otherwise with 1. docs/operations/runbooks/reconcile.md explains "
        "what to do about each."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=duration,
            default=timedelta(days=1),
            metavar="7d",
            help="check rides that began, and messages and keys that were written, at most this long ago: 30m, 12h, "
            "7d, or all (1d). Open and unsettled rides are always checked.",
        )
        parser.add_argument(
            "--grace",
            type=duration,
            default=GRACE,
            metavar="60s",
            help="do not count rows that have waited for less than this to be settled or sent (60s)",
        )

    def handle(self, *, since: timedelta | None, grace: timedelta | None, **_: Any) -> None:
        started, now = time.monotonic(), timezone.now()
        self.priced = 0
        window = Window(now, None if since is None else now - since, grace or timedelta())
        findings = reconcile(window, progress=self._progress)
        for finding in findings:
            self._print(finding)
        self.stdout.write(
            f"{self.priced:,} settled rides priced anew, {len(findings)} counts, {time.monotonic() - started:.1f} s"
        )
        if any(finding.rows for finding in findings):
            self.stdout.write("Inconsistent rows were found: see docs/operations/runbooks/reconcile.md.")
            sys.exit(1)

    def _progress(self, check: str, rows: int) -> None:
        if check == "costs_wrong":
            self.priced = rows
        if sys.stderr.isatty():
            self.stderr.write(f"\r{check:24} {rows:>13,} rows read", ending="\r")

    def _print(self, finding: Finding) -> None:
        self.stdout.write(f"{finding.check:20} {finding.rows:>8,}  {MEANINGS[finding.check]}")
        for example in finding.examples:
            self.stdout.write(f"{'':30}{example}")
        if finding.rows > SHOWN_MAX:
            self.stdout.write(f"{'':30}and {finding.rows - SHOWN_MAX:,} more")


def duration(text: str) -> timedelta | None:
    """`30m`, `12h`, `7d`; None for `all`."""
    if text == "all":
        return None
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdecimal() and unit in UNITS and len(number) < 7):
        raise ArgumentTypeError(f"{text!r} is not a time like 30m, 12h, 7d, or all")
    time = timedelta(seconds=int(number) * UNITS[unit])
    if time > LONGEST:
        raise ArgumentTypeError(f"{text!r} is longer than {LONGEST.days}d; `all` looks at everything")
    return time
