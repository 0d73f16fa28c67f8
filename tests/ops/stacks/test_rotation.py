"""Which backups are kept: the newest of 7 days, 5 weeks and 12 months."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compose.production.backups import __main__ as program
from compose.production.backups.archive import Archive, Bucket, Folder, Manifest, backup_name, backups_to_keep, made_at

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def daily(days: int) -> list[str]:
    return [backup_name("bikerental", NOON - timedelta(days=day)) for day in range(days)]


def test_a_year_of_daily_backups_leaves_days_weeks_and_months() -> None:
    kept = sorted(backups_to_keep(daily(730)), reverse=True)

    dates = [f"{made_at(name):%m-%d}" for name in kept]
    assert dates == [
        *("06-30", "06-29", "06-28", "06-27", "06-26", "06-25", "06-24"),  # days
        *("06-21", "06-14", "06-07"),  # Sundays; those of the last two weeks are among the days
        *("05-31", "04-30", "03-31", "02-28", "01-31"),
        *("12-31", "11-30", "10-31", "09-30", "08-31", "07-31"),
    ]


def test_the_newest_backup_of_a_day_is_kept() -> None:
    morning, noon = (backup_name("bikerental", NOON - timedelta(hours=hours)) for hours in (5, 0))

    assert backups_to_keep([morning, noon]) == {noon}


def test_rare_backups_are_kept() -> None:
    rare = [backup_name("bikerental", NOON - timedelta(days=100 * number)) for number in range(4)]

    assert backups_to_keep(rare) == set(rare)


class NoS3:
    """A client of a bucket that refuses everything."""

    def upload_file(self, *_arguments: object, **_options: object) -> None:
        raise ConnectionError


def test_while_s3_is_away_the_tries_do_not_fill_the_disk(tmp_path: Path) -> None:
    archive = Archive(Folder(tmp_path), Bucket(NoS3(), "backups"))

    for minute in (0, 5, 10):
        name, partial = backup_name("bikerental", NOON + timedelta(minutes=minute)), tmp_path / "partial"
        partial.write_bytes(b"dump")
        with pytest.raises(ConnectionError):
            archive.store(Manifest(name, "release", 4, "digest", {}), partial)

    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.dump.gpg", f"{name}.json"]


def test_a_dump_without_its_description_is_removed(tmp_path: Path) -> None:
    for name in ("whole.json", "whole.dump.gpg", "killed.dump.gpg", "begun.dump.gpg.part"):
        (tmp_path / name.replace("whole", backup_name("bikerental", NOON))).write_bytes(b"")

    Folder(tmp_path).clear_unfinished()

    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".gpg", ".json"]


def test_a_database_of_any_name_has_backups(tmp_path: Path) -> None:
    name = backup_name("City-bikes", NOON)
    (tmp_path / f"{name}.json").touch()

    assert Folder(tmp_path).names() == {name}


def test_after_a_full_disk_the_next_try_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def fail() -> None:
        if waits:
            raise SystemExit
        raise OSError("No space left on device")

    monkeypatch.setattr(program, "LAST", tmp_path / "last")
    monkeypatch.setattr(program, "_make", fail)
    monkeypatch.setattr(program.time, "sleep", waits.append)

    with pytest.raises(SystemExit):
        program._schedule()

    assert waits == [program.AGAIN_SECONDS]
