"""Puts the city into the database: all of it, or nothing."""

from typing import Protocol

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import OperationalError, ProgrammingError, connection, models, transaction

from bikerental.core.db.transactions import sqlstate
from bikerental.demo import city
from bikerental.demo.copying import copy_rows, without_indexes
from bikerental.demo.zones import DRAWN, zones
from bikerental.fleet.models import Bike, BikeModel, Station, Tariff
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.users.constants import DEMO_EMAIL_DOMAIN, DEMO_PASSWORD
from bikerental.users.models import User
from bikerental.zones.models import Zone

# Whoever has any row in these has data of his own to lose.
SIGNS_OF_LIFE: tuple[type[models.Model], ...] = (User, Station, BikeModel, Tariff)
EMPTIED_APPS = ("api", "users", "fleet", "zones", "notifications", "billing", "rentals")
# Given, so that the same arguments make the same rows; a random one would guard a password that all know.
# It is as long as Django asks for: a shorter one is replaced at the first log-in, which then hashes twice.
SALT = "demo-city-of-many-riders"
LOCK_NOT_AVAILABLE, UNDEFINED_TABLE = "55P03", "42P01"


class StrangersError(Exception):
    """The database holds what the demo did not make; the text says how much."""


class TablesInUseError(Exception):
    """Somebody works with the tables, and the wait for them was long enough."""


class NotMigratedError(Exception):
    """The tables are not there yet."""


class Progress(Protocol):
    def begin(self, title: str, rows: int) -> None: ...

    def advance(self, rows: int) -> None: ...

    def end(self) -> None: ...


def city_load(*, size: city.Size, if_empty: bool, over_strangers: bool, progress: Progress) -> bool:
    """Empty the product's tables and fill them with the city, in one transaction; whether it did.

    With `if_empty` a database that holds anything stays as it is.

    :raises DemoImpossibleError: before anything is touched, if the sizes do not go together
    :raises StrangersError: if there is something that is not of the demo, unless `over_strangers`
    :raises TablesInUseError: if the tables are not free within ten seconds
    :raises NotMigratedError: if they are not there
    """
    demo = city.City(size)
    try:
        if if_empty and _is_inhabited():
            return False
        with transaction.atomic(durable=True):
            return _replace(
                demo,
                if_empty=if_empty,
                over_strangers=over_strangers,
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


def _replace(demo: city.City, *, if_empty: bool, over_strangers: bool, progress: Progress) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        # Two at once come one after the other, and the second sees what the first made.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('seed_demo'))")
    if if_empty and _is_inhabited():
        return False
    if not over_strangers:
        _refuse_strangers()
    _empty()
    _fill(demo, progress)
    _analyze()
    return True


def _is_inhabited() -> bool:
    return any(model._default_manager.exists() for model in SIGNS_OF_LIFE)


def _refuse_strangers() -> None:
    demo_users = User.objects.filter(email__endswith=f"@{DEMO_EMAIL_DOMAIN}")
    strangers = User.objects.exclude(pk__in=demo_users).count()
    if strangers:
        raise StrangersError(f"{strangers} accounts that are not of @{DEMO_EMAIL_DOMAIN}")
    if not demo_users.exists() and _is_inhabited():
        raise StrangersError("a fleet that the demo did not make")


def _empty() -> None:
    emptied = [model for app in EMPTIED_APPS for model in apps.get_app_config(app).get_models()]
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in emptied)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL bikerental.emptying = 'on'")  # or the ledger refuses
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


def _fill(demo: city.City, progress: Progress) -> None:
    size = demo.size
    # One hash for all: hashing costs 30 ms on purpose, and hiding that riders share a password
    # that everybody knows would hide nothing.
    password = make_password(DEMO_PASSWORD, salt=SALT)

    def copy(
        title: str,
        rows: int,
        model: type[models.Model],
        columns: str,
        source: "city.Rows",
    ) -> None:
        progress.begin(title, rows)
        copy_rows(model, columns, source, progress.advance)
        progress.end()

    copy("users", size.users + 1, User, city.USERS, demo.users(password=password))
    copy("models", len(city.MODELS), BikeModel, city.MODEL_COLUMNS, demo.models())
    copy("tariffs", len(city.TARIFFS), Tariff, city.TARIFF_COLUMNS, demo.tariffs())
    progress.begin("zones", len(DRAWN))
    Zone.objects.bulk_create(zones(demo.opened_at))
    progress.end()
    with without_indexes(Bike, Rental, RentalEvent):
        # The rides go first and move the bikes, which then stand where their last ride ended.
        copy("rentals", size.rentals, Rental, city.RENTALS, demo.rentals())
        copy("events of rentals", size.rentals, RentalEvent, city.EVENTS, demo.events())
        copy("stations", size.stations, Station, city.STATIONS, demo.stations())
        copy("bikes", size.bikes, Bike, city.BIKES, demo.bikes())
        progress.begin("indexes", 0)
    progress.end()


def _analyze() -> None:
    filled = (User, BikeModel, Tariff, Station, Bike, Rental, RentalEvent, Zone)
    with connection.cursor() as cursor:
        for model in filled:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


# A load takes longer than a request may. Locks are waited for only shortly: a waiting TRUNCATE
# makes everybody else wait behind it.
PATIENCE = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL lock_timeout = '10s';
    SET LOCAL maintenance_work_mem = '256MB';
"""
