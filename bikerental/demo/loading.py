"""Loads the city into the database, in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import OperationalError, ProgrammingError, connection, models, transaction
from django.utils import timezone

from bikerental.claims.models import Claim
from bikerental.core.db.transactions import sqlstate
from bikerental.demo import city
from bikerental.demo.books import LEDGER, write_books
from bikerental.demo.claims import CASES, claims
from bikerental.demo.constants import DEMO_EMAIL_DOMAIN, DEMO_PASSWORD
from bikerental.demo.copying import copy_rows, without_indexes
from bikerental.demo.feeds import write_feeds
from bikerental.demo.history import COLUMNS, log
from bikerental.demo.operators import write_operators
from bikerental.demo.reservations import holds, messages, reservations
from bikerental.demo.zones import DRAWN, zones
from bikerental.figures.services import figures_rebuild
from bikerental.fleet.models import Bike, BikeEvent, BikeModel, Station, Tariff
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.users.models import User
from bikerental.zones.models import Zone

# A row in one of these tables means that the database holds data that the demo did not make.
OWNED_MODELS: tuple[type[models.Model], ...] = (User, Station, BikeModel, Tariff)
EMPTIED_APPS = ("api", "users", "fleet", "zones", "notifications", "billing", "rentals", "claims", "feeds", "figures")
# Fixed, so that the same arguments make the same rows. A random salt would protect nothing, because the password is
# public. It has the length that Django requires: with a shorter one, each first log-in hashes twice.
SALT = "demo-city-of-many-riders"
LOCK_NOT_AVAILABLE, UNDEFINED_TABLE = "55P03", "42P01"


class ForeignDataError(Exception):
    """The database holds data that the demo did not make. The text says how much."""


class TablesInUseError(Exception):
    """Other transactions use the tables and did not finish in time."""


class NotMigratedError(Exception):
    """The tables do not exist yet."""


class Progress(Protocol):
    def begin(self, title: str, rows: int) -> None: ...

    def advance(self, rows: int) -> None: ...

    def end(self) -> None: ...


def city_load(*, size: city.Size, ends_at: datetime, if_empty: bool, replace_foreign: bool, progress: Progress) -> bool:
    """Empty the product's tables and fill them with the city, in one transaction. Returns whether it did.

    With `if_empty`, a database that holds any data stays unchanged.

    :raises DemoImpossibleError: before any change, if the sizes do not fit together
    :raises ForeignDataError: if there is data that is not of the demo, unless `replace_foreign`
    :raises TablesInUseError: if the tables are not free within ten seconds
    :raises NotMigratedError: if the tables do not exist
    """
    demo = city.City(size, ends_at=ends_at)
    try:
        if if_empty and _has_data():
            return False
        with transaction.atomic(durable=True):
            return _replace(
                demo,
                if_empty=if_empty,
                replace_foreign=replace_foreign,
                progress=progress,
            )
    except ProgrammingError as error:
        if sqlstate(error) == UNDEFINED_TABLE:
            raise NotMigratedError from error
        raise
    except OperationalError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise TablesInUseError from error
        raise


def _replace(demo: city.City, *, if_empty: bool, replace_foreign: bool, progress: Progress) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(TIMEOUTS)
        # Two loads at once run one after the other, and the second sees the rows of the first.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('seed_demo'))")
    if if_empty and _has_data():
        return False
    if not replace_foreign:
        _refuse_foreign_data()
    _empty()
    _fill(demo, progress)
    _analyze()
    with _step(progress, "figures"):
        figures_rebuild(now=timezone.now())
    return True


def _has_data() -> bool:
    return any(model._default_manager.exists() for model in OWNED_MODELS)


def _refuse_foreign_data() -> None:
    demo_users = User.objects.filter(email__endswith=f"@{DEMO_EMAIL_DOMAIN}")
    foreign = User.objects.exclude(pk__in=demo_users).count()
    if foreign:
        raise ForeignDataError(f"{foreign} accounts outside @{DEMO_EMAIL_DOMAIN}")
    if not demo_users.exists() and _has_data():
        raise ForeignDataError("a fleet that is not the demo's")


def _empty() -> None:
    emptied = [model for app in EMPTIED_APPS for model in apps.get_app_config(app).get_models()]
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in emptied)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL bikerental.emptying = 'on'")  # otherwise the ledger refuses
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


def _fill(demo: city.City, progress: Progress) -> None:
    _fill_fleet_settings(demo, progress)
    _fill_rides(demo, progress)
    _fill_reservations(demo, progress)
    with _step(progress, "feeds"):
        write_feeds(opened_at=demo.opened_at, now=timezone.now())
    with _step(progress, "claims", len(CASES)):
        Claim.objects.bulk_create(claims(ends_at=demo.ends_at))
    with _step(progress, "ledger"):
        write_books(opened_at=demo.opened_at, ends_at=demo.ends_at, operator=city.OPERATOR)


def _fill_fleet_settings(demo: city.City, progress: Progress) -> None:
    """What rides refer to: accounts, models, tariffs and zones."""
    # One hash for all: hashing takes 30 ms by design, and nothing is revealed, because everybody knows the password.
    password = make_password(DEMO_PASSWORD, salt=SALT)
    with _step(progress, "users", demo.size.users + 1):
        copy_rows(User, city.USERS, demo.users(password=password), progress.advance)
    write_operators(password=password, created_at=demo.opened_at)
    with _step(progress, "models", len(city.MODELS)):
        copy_rows(BikeModel, city.MODEL_COLUMNS, demo.models(), progress.advance)
    with _step(progress, "tariffs", len(city.TARIFFS)):
        copy_rows(Tariff, city.TARIFF_COLUMNS, demo.tariffs(), progress.advance)
    with _step(progress, "zones", len(DRAWN)):
        Zone.objects.bulk_create(zones(demo.opened_at))


def _fill_rides(demo: city.City, progress: Progress) -> None:
    size = demo.size
    with without_indexes(Bike, Rental, RentalEvent):
        # The rides go first: they move the bikes.
        with _step(progress, "rentals", size.rentals):
            copy_rows(Rental, city.RENTALS, demo.rentals(), progress.advance)
        with _step(progress, "events of rentals", size.rentals):
            copy_rows(RentalEvent, city.EVENTS, demo.events(), progress.advance)
        with _step(progress, "stations", size.stations):
            copy_rows(Station, city.STATIONS, demo.stations(), progress.advance)
        with _step(progress, "bikes", size.bikes):
            copy_rows(Bike, city.BIKES, demo.bikes(), progress.advance)
        progress.begin("indexes", 0)
    progress.end()


def _fill_reservations(demo: city.City, progress: Progress) -> None:
    held = holds(demo, now=timezone.now())
    with _step(progress, "log of the bikes"):
        copy_rows(BikeEvent, COLUMNS, log(demo, held), progress.advance)
    with _step(progress, "reservations", len(held)):
        Reservation.objects.bulk_create(reservations(demo, held))
        Notification.objects.bulk_create(messages(held))


@contextmanager
def _step(progress: Progress, title: str, rows: int = 0) -> Iterator[None]:
    progress.begin(title, rows)
    yield
    progress.end()


def _analyze() -> None:
    filled = (User, BikeModel, Tariff, Station, Bike, BikeEvent, Rental, RentalEvent, Reservation, Zone, *LEDGER)
    with connection.cursor() as cursor:
        for model in filled:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


# A load takes longer than a request may. It waits for locks only for a short time, because a waiting TRUNCATE blocks
# all other transactions.
TIMEOUTS = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL lock_timeout = '10s';
    SET LOCAL maintenance_work_mem = '256MB';
"""
