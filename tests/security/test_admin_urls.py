"""No URL of the admin that a person can type gives a 500."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Model
from django.test import Client

from tests.clients import operator_client
from tests.factories import make_rental, make_station, make_user
from tests.lengths import IS_LONG
from tests.security.routes import routes_of_code

pytestmark = pytest.mark.django_db
# As they are typed, with percent signs.
ODD = [
    "%00", "a%00b", "%ED%A0%80", "9" * 20, "9" * 5000, "0001-01-01 00:00:00%2B14:00", "9999-12-31 23:59:59-12:00",
    *(["", "%25", "%FF", "%27%22", "-1", "1.5", "nan", "1e999", "9" * 10, "10000-01-01", "2026-13-45", "a,b", "%0A"]
      if IS_LONG else []),
]  # fmt: skip
PARAMETERS = ["q", "p", "o", "all", "_changelist_filters", "_to_field", "_popup", "next", "nonsense"]
LOOKUPS = ["", "__range", "__in", "__isnull"]
MORE_LOOKUPS = [
    "__gte", "__exact", "__isempty", "__year", "__date", "__date__range", "__contains", "__regex", "__has_key", "__len",
    "__overlap", "__nonsense", "__0", "__id__in",
]  # fmt: skip
PLAIN = ["zz", *(["1z", "1", "", "a,b", "1,2", "2026-13-45", "[", "{", "null"] if IS_LONG else [])]
MODELS = sorted(site._registry, key=lambda model: model._meta.label)
AUTOCOMPLETE = {"app_label": "fleet", "model_name": "bike", "field_name": "station", "term": "a", "page": "1"}


def ask(client: Client, url: str) -> None:
    with transaction.atomic():  # PostgreSQL may refuse a statement, and the test continues
        answer = client.get(url)
        transaction.set_rollback(True)
    assert answer.status_code < 500, url[:200]


@pytest.fixture
def operator() -> Client:
    make_rental()
    make_station()
    return operator_client()


def columns(model: type[Model]) -> Iterator[str]:
    for field in model._meta.get_fields():
        yield from (field.name + lookup for lookup in LOOKUPS + (MORE_LOOKUPS if IS_LONG else []))


def filters(model: type[Model]) -> Iterator[str]:
    for given in site._registry[model].list_filter:
        name: Any = given[0] if isinstance(given, tuple) else given
        if isinstance(name, str):
            yield from (name + lookup for lookup in ("", "__gte"))
            yield f"{name}__id__exact"
        else:
            yield name.parameter_name


def base(model: type[Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_list_of_the_admin_fails(operator: Client, model: type[Model]) -> None:
    for name in [*PARAMETERS, *filters(model)]:
        for value in ODD:
            ask(operator, f"{base(model)}?{name}={value}")
    for name in columns(model):
        for value in ["1", *PLAIN, *ODD] if IS_LONG else ["1"]:
            ask(operator, f"{base(model)}?{name}={value}")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_form_of_the_admin_fails(operator: Client, model: type[Model]) -> None:
    names = {field.name for field in model._meta.get_fields()} | form_fields(operator, model)
    known = {"id", "station", "email", "created_at", "task"}
    for name in ["_changelist_filters", "_to_field", "_popup", *sorted(names)]:
        for value in PLAIN + (ODD if IS_LONG or name[0] == "_" or name in known else []):
            ask(operator, f"{base(model)}add/?{name}={value}")


def form_fields(client: Client, model: type[Model]) -> set[str]:
    """Including fields that are no columns."""
    context = client.get(f"{base(model)}add/").context
    return set(context["adminform"].form.fields) if context and "adminform" in context else set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_action_of_the_admin_fails(operator: Client, model: type[Model]) -> None:
    """With a form that a person invented."""
    for action in site._registry[model].get_actions(operator.get("/admin/").wsgi_request):
        for value in ["abc", "9" * 20, *(["", "-1", "1.5", "9" * 5000, "\0", "1\n"] if IS_LONG else [])]:
            with transaction.atomic():
                answer = operator.post(base(model), {"action": action, "_selected_action": [value], "index": value})
                transaction.set_rollback(True)
            assert answer.status_code < 500, (action, value[:20])


@pytest.mark.parametrize("name", AUTOCOMPLETE)
def test_no_autocomplete_of_the_admin_fails(operator: Client, name: str) -> None:
    for value in ODD:
        query = "&".join(f"{key}={given}" for key, given in (AUTOCOMPLETE | {name: value}).items())
        ask(operator, f"/admin/autocomplete/?{query}")


def test_no_id_in_the_admin_fails(operator: Client) -> None:
    routes = [route for route, _ in routes_of_code(pages="admin") if "{" in route]
    assert len(routes) > 50
    for route in routes:
        for value in ODD[:5]:
            ask(operator, re.sub(r"\{[^}]+\}", value, route))


def test_an_operator_with_few_rights() -> None:
    make_rental()
    operator = make_user(is_staff=True)
    operator.user_permissions.add(Permission.objects.get(codename="view_bike"))
    client = Client()
    client.force_login(operator)
    for model in MODELS:
        for value in ODD:
            ask(client, f"{base(model)}?q={value}&p={value}")
            ask(client, f"{base(model)}{value}/change/")


@pytest.mark.parametrize("value", ODD)
def test_no_admin_page_fails_without_a_log_in(client: Client, value: str) -> None:
    for page in ("", "login/", "logout/", "jsi18n/", "fleet/bike/", "password_change/"):
        ask(client, f"/admin/{page}?next={value}&q={value}")
