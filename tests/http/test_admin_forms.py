"""Each form of the admin compares with the shown values before it saves."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from time import sleep
from typing import Any, NamedTuple

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django.asserts import assertContains, assertNotContains

from bikerental.fleet.models import Bike, Station
from bikerental.users.models import User
from tests.clients import operator_client
from tests.factories import make_bike, make_model, make_station, make_tariff, make_user
from tests.feeds.rows import make_alert, make_region, make_system
from tests.http.pages import fields_of, open_form
from tests.support.threads import at_once
from tests.zones.drawing import make_zone

pytestmark = pytest.mark.django_db


class Change(NamedTuple):
    """A row, the operator's change in its form, and another's changes of the same and of another field."""

    make: Callable[[], Model]
    field: str
    given: str
    meanwhile: Any
    other: str
    other_meanwhile: Any


def make_task() -> PeriodicTask:
    interval = IntervalSchedule.objects.create(every=7, period="hours")
    return PeriodicTask.objects.create(name="count", task="bikerental.count", interval=interval)


def at(hour: int) -> datetime:
    return datetime(2031, 1, 1, hour, tzinfo=UTC)


# For every admin page that changes rows with a form.
CHANGES = {
    "auth.Group": Change(lambda: Group.objects.create(name="old"), "name", "mine", "theirs", "", None),
    "users.User": Change(make_user, "name", "mine", "theirs", "email", "theirs@example.org"),
    # The form cannot change the terms, so another's change of them is not a conflict.
    "fleet.Tariff": Change(make_tariff, "name", "mine", "theirs", "unlock_fee", Decimal("7.00")),
    "fleet.BikeModel": Change(make_model, "name", "mine", "theirs", "propulsion", "electric"),
    "fleet.Station": Change(make_station, "name", "mine", "theirs", "capacity", 7),
    "fleet.Bike": Change(make_bike, "number", "MINE-1", "THEIRS-1", "latitude", 59.5),
    "zones.Zone": Change(make_zone, "name", "mine", "theirs", "is_active", False),
    "feeds.System": Change(make_system, "url", "https://example.org/mine", "https://example.org/theirs",
                           "languages", "ru en"),
    "feeds.Region": Change(make_region, "name_en", "mine", {"en": "theirs", "ru": "их"}, "", None),
    "feeds.Alert": Change(make_alert, "summary_en", "mine", {"en": "theirs", "ru": "их"}, "type", "system_closure"),
    "otp_totp.TOTPDevice": Change(
        lambda: TOTPDevice.objects.create(user=make_user(), name="old"), "name", "mine", "theirs", "tolerance", 3
    ),
    "django_celery_beat.PeriodicTask": Change(make_task, "description", "mine", "theirs", "enabled", False),
    "django_celery_beat.ClockedSchedule": Change(
        lambda: ClockedSchedule.objects.create(clocked_time=at(1)), "clocked_time_0", "2032-02-02", at(2), "", None
    ),
    "django_celery_beat.CrontabSchedule": Change(
        lambda: CrontabSchedule.objects.create(minute="1", hour="1"), "minute", "22", "33", "timezone", "Europe/Riga"
    ),
    "django_celery_beat.SolarSchedule": Change(
        lambda: SolarSchedule.objects.create(event="sunset", latitude=1, longitude=1),
        "latitude", "22", 33, "event", "sunrise",
    ),
    "django_celery_beat.IntervalSchedule": Change(
        lambda: IntervalSchedule.objects.create(every=1, period="hours"), "every", "22", 33, "period", "days"
    ),
}  # fmt: skip
each_admin = pytest.mark.parametrize("label", CHANGES)


def path_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def column(change: Change) -> str:
    return change.field.removesuffix("_0").removesuffix("_en")


def set_in_row(row: Model, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)


def value_in_row(row: Model, name: str) -> Any:
    return type(row)._default_manager.values_list(name, flat=True).get(pk=row.pk)


def test_each_admin_that_changes_rows_is_here() -> None:
    request = RequestFactory().get("/")
    request.user = User(is_staff=True, is_superuser=True)

    changing = {model._meta.label for model, admin in site._registry.items() if admin.has_change_permission(request)}

    assert changing == set(CHANGES)


def test_no_other_form_of_the_admin_changes_rows() -> None:
    request = RequestFactory().get("/")
    request.user = User(is_staff=True, is_superuser=True)
    for model, admin in site._registry.items():
        assert not admin.list_editable, model
        for inline in admin.get_inline_instances(request):
            assert not inline.has_add_permission(request, None), inline
            assert set(inline.fields or ()) == set(inline.readonly_fields or ()) or not inline.has_change_permission(
                request, None
            ), inline


@each_admin
def test_a_form_does_not_write_unchanged_fields(operator: Client, label: str) -> None:
    change = CHANGES[label]
    row, field = change.make(), column(change)
    sent = open_form(operator, path_of(row))
    set_in_row(row, **{field: change.meanwhile})

    assert operator.post(path_of(row), sent).status_code == 302

    assert value_in_row(row, field) == change.meanwhile


@each_admin
def test_a_form_writes_what_was_changed_and_no_more(operator: Client, label: str) -> None:
    change = CHANGES[label]
    row, field = change.make(), column(change)
    before = value_in_row(row, field)
    sent = open_form(operator, path_of(row)) | {change.field: change.given}
    if change.other:
        set_in_row(row, **{change.other: change.other_meanwhile})

    assert operator.post(path_of(row), sent).status_code == 302

    assert value_in_row(row, field) != before
    if change.other:
        assert str(value_in_row(row, change.other)) == str(change.other_meanwhile)


@each_admin
def test_a_change_on_both_sides_is_refused_until_saved_again(operator: Client, label: str) -> None:
    change = CHANGES[label]
    row, field = change.make(), column(change)
    sent = open_form(operator, path_of(row)) | {change.field: change.given}
    set_in_row(row, **{field: change.meanwhile})

    refused = operator.post(path_of(row), sent)

    assertContains(refused, "This was changed meanwhile to")
    assert value_in_row(row, field) == change.meanwhile
    assert operator.post(path_of(row), fields_of(refused.content)).status_code == 302
    assert value_in_row(row, field) not in [change.meanwhile, None]


def test_a_refusal_shows_both(operator: Client) -> None:
    bike = make_bike(station=make_station(name="Old dock"))
    mine, theirs = make_station(name="My dock"), make_station(name="Their dock")
    sent = open_form(operator, path_of(bike)) | {"station": str(mine.pk)}
    set_in_row(bike, station=theirs)

    refused = operator.post(path_of(bike), sent)

    assertContains(refused, "meanwhile to “Their dock”. You gave “My dock”")


def test_the_same_change_twice_is_no_conflict(operator: Client) -> None:
    station = make_station(name="Old")
    sent = open_form(operator, path_of(station)) | {"name": "New"}
    set_in_row(station, name="New")

    assert operator.post(path_of(station), sent).status_code == 302


def test_saved_again_against_a_third_change_it_is_refused_again(operator: Client) -> None:
    station = make_station(name="Old")
    sent = open_form(operator, path_of(station)) | {"name": "Mine"}
    set_in_row(station, name="Second")
    refused = operator.post(path_of(station), sent)
    set_in_row(station, name="Third")

    again = operator.post(path_of(station), fields_of(refused.content))

    assertContains(again, "meanwhile to “Third”")


def test_saved_again_the_other_fields_stay_as_they_became(operator: Client) -> None:
    station = make_station(name="Old", capacity=20)
    sent = open_form(operator, path_of(station)) | {"name": "Mine"}
    set_in_row(station, name="Theirs", capacity=7)
    refused = operator.post(path_of(station), sent)

    assert operator.post(path_of(station), fields_of(refused.content)).status_code == 302

    station.refresh_from_db()
    assert (station.name, station.capacity) == ("Mine", 7)


def test_another_mistake_does_not_forget_what_was_shown(operator: Client) -> None:
    station = make_station(name="Old")
    sent = open_form(operator, path_of(station)) | {"capacity": "none"}
    refused = operator.post(path_of(station), sent)
    set_in_row(station, name="Theirs")

    assert operator.post(path_of(station), fields_of(refused.content) | {"capacity": "5"}).status_code == 302

    station.refresh_from_db()
    assert (station.name, station.capacity) == ("Theirs", 5)


@pytest.mark.parametrize("first", [0, 1])
def test_rights_that_were_given_and_taken_meanwhile_stay_so(operator: Client, first: int) -> None:
    one, two, three = Permission.objects.order_by("pk")[:3]
    group = Group.objects.create(name="Staff")
    group.permissions.set([one] * first)
    sent = open_form(operator, path_of(group))
    group.permissions.set([two])

    assert operator.post(path_of(group), sent | {"name": "Crew"}).status_code == 302
    assert set(group.permissions.all()) == {two}
    refused = operator.post(path_of(group), sent | {"name": "Crew", "permissions": [str(three.pk)]})
    assertContains(refused, f"meanwhile to “{two}”. You gave “{three}”")
    assert set(group.permissions.all()) == {two}


def test_a_registered_task_is_chosen_by_its_own_field(operator: Client) -> None:
    task = make_task()
    sent = open_form(operator, path_of(task)) | {"regtask": "bikerental.other"}

    assert operator.post(path_of(task), sent).status_code == 302

    assert value_in_row(task, "task") == "bikerental.other"


def test_a_field_left_alone_may_hold_a_choice_that_is_gone(operator: Client) -> None:
    bike = make_bike(station=make_station())
    sent = open_form(operator, path_of(bike)) | {"number": "MINE-1"}
    Station.objects.all().delete()

    assert operator.post(path_of(bike), sent).status_code == 302

    bike.refresh_from_db()
    assert (bike.number, bike.station) == ("MINE-1", None)


@pytest.mark.parametrize("forge", [lambda shown, _other: shown[:-2] + "xx", lambda _shown, other: other])
def test_a_version_that_was_not_shown_is_refused(operator: Client, forge: Callable[[str, str], str]) -> None:
    station, other = make_station(name="Old"), make_station()
    sent = open_form(operator, path_of(station)) | {"name": "New"}
    sent["shown"] = forge(sent["shown"][0], open_form(operator, path_of(other))["shown"][0])

    assertContains(operator.post(path_of(station), sent), "This page cannot tell what it was shown with.")
    assert value_in_row(station, "name") == "Old"


def test_view_rights_alone_show_the_page() -> None:
    viewer = make_user(is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_bike", "view_group", "view_user"]))
    client = Client()
    client.force_login(viewer)

    for row in (make_bike(), Group.objects.create(name="Staff"), make_user()):
        assertNotContains(client.get(path_of(row)), "field-shown")
        assert client.post(path_of(row), {}).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("given", "statuses", "kept"),
    [
        ([{"name": "One"}, {"capacity": "1"}], [302, 302], {("One", 1)}),
        ([{"name": "One"}, {"name": "Two"}], [200, 302], {("One", 20), ("Two", 20)}),
    ],
)
def test_two_forms_at_once_do_not_undo_each_other(
    given: list[dict[str, str]], statuses: list[int], kept: set[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    station = make_station(name="Old", capacity=20)
    clients = [operator_client(), operator_client()]
    pages = [open_form(client, path_of(station)) for client in clients]
    save = Station.save

    def save_slowly(self: Station, **options: Any) -> None:
        sleep(0.3)  # long enough that without a lock both would read before one writes
        save(self, **options)

    monkeypatch.setattr(Station, "save", save_slowly)

    answers = at_once(lambda n: clients[n].post(path_of(station), pages[n] | given[n]).status_code, times=2)

    assert sorted(answers) == statuses
    station.refresh_from_db()
    assert (station.name, station.capacity) in kept


def test_a_bike_is_not_moved_back(operator: Client) -> None:
    bike = make_bike(latitude=59.93, longitude=30.31)
    sent = open_form(operator, path_of(bike)) | {"number": "NEW-1"}
    Bike.objects.filter(pk=bike.pk).update(latitude=59.95, longitude=30.33)

    assert operator.post(path_of(bike), sent).status_code == 302

    bike.refresh_from_db()
    assert (bike.number, bike.latitude, bike.longitude) == ("NEW-1", 59.95, 30.33)
