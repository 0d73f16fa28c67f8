"""Checks that the schemas cannot make. Each check returns the faults that it has found."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.feeds.reading import Feed, Files

LISTS = {
    "station_information": "stations", "station_status": "stations", "vehicle_status": "vehicles",
    "free_bike_status": "bikes", "vehicle_types": "vehicle_types", "system_pricing_plans": "plans",
    "system_alerts": "alerts", "system_regions": "regions",
}  # fmt: skip
IDS = {
    "stations": "station_id", "vehicles": "vehicle_id", "bikes": "bike_id", "vehicle_types": "vehicle_type_id",
    "plans": "plan_id", "alerts": "alert_id", "regions": "region_id",
}  # fmt: skip
# Where an id of another file stands, and in which list that file has it.
REFERENCES = {
    "vehicle_type_id": "vehicle_types", "pricing_plan_id": "plans", "station_id": "stations", "region_id": "regions",
    "default_pricing_plan_id": "plans", "pricing_plan_ids": "plans", "station_ids": "stations",
    "region_ids": "regions",
}  # fmt: skip


def faults_of(feed: Feed, *, now: datetime) -> list[str]:
    return [
        f"{name}: {check.__name__}: {fault}"
        for name, files in feed.sets()
        for check in CHECKS
        for fault in check(files, now)
    ] + list(languages_differ(feed))


def rows(files: Files, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = files[name]["data"][LISTS[name]] if name in files else []
    return found


def vehicles(files: Files) -> list[dict[str, Any]]:
    return rows(files, "vehicle_status") or rows(files, "free_bike_status")


def ids_are_unique(files: Files, _now: datetime) -> Iterator[str]:
    for name, rows_name in LISTS.items():
        ids = Counter(row[IDS[rows_name]] for row in rows(files, name))
        yield from (f"{name} {each}" for each, count in ids.items() if count > 1)


def references_exist(files: Files, _now: datetime) -> Iterator[str]:
    known: dict[str, set[str]] = {}
    for name, rows_name in LISTS.items():
        if name != "station_status":
            known.setdefault(rows_name, set()).update(row[IDS[rows_name]] for row in rows(files, name))
    for name in LISTS:
        for row in rows(files, name):
            for field, rows_name in REFERENCES.items():
                values = row.get(field, [])
                for value in [values] if isinstance(values, str) else values:
                    if value not in known.get(rows_name, ()):
                        yield f"{name} {field} {value}"


def stations_are_the_same(files: Files, _now: datetime) -> Iterator[str]:
    information, status = ({row["station_id"] for row in rows(files, f"station_{each}")} for each in SIDES)
    yield from information ^ status


SIDES = ("information", "status")


def counts_add_up(files: Files, _now: datetime) -> Iterator[str]:
    standing = Counter(each["station_id"] for each in vehicles(files) if "station_id" in each and can_be_taken(each))
    capacities = {row["station_id"]: row["capacity"] for row in rows(files, "station_information")}
    for row in rows(files, "station_status"):
        count = row.get("num_vehicles_available", row.get("num_bikes_available"))
        if count != sum(each["count"] for each in row["vehicle_types_available"]):
            yield f"types at {row['station_id']}"
        if count != standing[row["station_id"]]:
            yield f"vehicles at {row['station_id']}"
        if row["num_docks_available"] > capacities[row["station_id"]]:
            yield f"docks at {row['station_id']}"


def can_be_taken(vehicle: dict[str, Any]) -> bool:
    return not (vehicle["is_reserved"] or vehicle["is_disabled"])


def times_are_true(files: Files, now: datetime) -> Iterator[str]:
    """No time of a file or row is in the future, and no file is older than its ttl."""
    for name, document in files.items():
        updated = moment(document["last_updated"])
        if not now - timedelta(seconds=document["ttl"]) <= updated <= now + timedelta(seconds=1):
            yield f"{name} {updated}"
    for name in ("station_status", "vehicle_status", "free_bike_status"):
        for row in rows(files, name):
            if "last_reported" in row and moment(row["last_reported"]) > moment(files[name]["last_updated"]):
                yield f"{name} {row}"


def alerts_are_not_over(files: Files, now: datetime) -> Iterator[str]:
    for alert in rows(files, "system_alerts"):
        if alert.get("times") and all("end" in each and moment(each["end"]) <= now for each in alert["times"]):
            yield str(alert["alert_id"])


def places_are_in_bounds(files: Files, _now: datetime) -> Iterator[str]:
    for row in [*rows(files, "station_information"), *vehicles(files)]:
        place = row["lat"], row["lon"]
        if not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180) or place == (0, 0):
            yield f"{row}"
        if any(value != round(value, 6) for value in place):
            yield f"digits of {place}"


def nothing_is_null(files: Files, _now: datetime) -> Iterator[str]:
    for name, document in files.items():
        yield from (f"{name} {path}" for path, value in leaves(document) if value is None)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, path)
    else:
        yield path, value


def numbers_are_no_texts(files: Files, _now: datetime) -> Iterator[str]:
    exempt = ("version", "_id", "_ids", ".text", ".name", ".description")
    for name, document in files.items():
        for path, value in leaves(document):
            if isinstance(value, str) and not path.endswith(exempt) and value.replace(".", "", 1).isdigit():
                yield f"{name} {path} {value}"


def every_text_is_in_every_language(files: Files, _now: datetime) -> Iterator[str]:
    languages = files["system_information"]["data"].get("languages")
    if languages is None:  # 2.3 has a set of files for each language
        return
    for name, document in files.items():
        for path, texts in translations(document):
            if [each["language"] for each in texts] != languages or not all(each["text"] for each in texts):
                yield f"{name} {path}"


def translations(value: Any, path: str = "") -> Iterator[tuple[str, list[dict[str, str]]]]:
    if isinstance(value, list) and value and isinstance(value[0], dict) and "language" in value[0]:
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from translations(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from translations(each, path)


def languages_differ(feed: Feed) -> Iterator[str]:
    """The set of files of each language says that it is of that language."""
    for language, files in feed.second.items():
        if files["system_information"]["data"]["language"] != language:
            yield f"2.3 {language}"


def moment(value: Any) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)


CHECKS: tuple[Callable[[Files, datetime], Iterator[str]], ...] = (
    ids_are_unique,
    references_exist,
    stations_are_the_same,
    counts_add_up,
    times_are_true,
    alerts_are_not_over,
    places_are_in_bounds,
    nothing_is_null,
    numbers_are_no_texts,
    every_text_is_in_every_language,
)
