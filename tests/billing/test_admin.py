"""Operators read the ledger and book by forms, with a reason, once."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from bikerental.billing.models import Account, Entry
from bikerental.billing.selectors import balance_of_account
from bikerental.billing.services import rentals_charge
from bikerental.billing.types import Charge
from bikerental.users.models import User
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db(transaction=True)


class Desk:
    """An operator who may look and book, and a rider who owes 145 roubles."""

    def __init__(self, rights: Iterable[str] = ("view_account", "view_entry", "add_entry")) -> None:
        self.operator = make_user(is_staff=True)
        self.operator.user_permissions.set(Permission.objects.filter(codename__in=rights))
        self.client = Client()
        self.client.force_login(self.operator)
        self.rider = make_user()
        self.ride = uuid4()
        rentals_charge(charges=[Charge(self.ride, self.rider.pk, Decimal("145.00"), "RUB")], now=NOON)
        self.account = Account.objects.get(rider=self.rider)
        self.charge = Entry.objects.get(rental_id=self.ride)

    @property
    def owed(self) -> Decimal:
        return balance_of_account(account_id=self.account.pk)

    def page_of(self, name: str) -> str:
        if name == "reverse":
            return reverse("admin:billing_entry_reverse", args=[self.charge.pk])
        return reverse("admin:billing_account_book", args=[self.account.pk, name])

    def send(self, name: str, **fields: Any) -> Any:
        form = {"key": str(uuid4()), "amount": "45.00", "reason": "At the desk", "method": "cash"}
        return self.client.post(self.page_of(name), form | fields)


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("name", "kind", "reason", "owed"),
    [
        ("payment", "payment", "in cash: At the desk", "100.00"),
        ("writeoff", "writeoff", "At the desk", "100.00"),
        ("reverse", "reversal", "At the desk", "0.00"),
    ],
)
def test_a_form_books(desk: Desk, name: str, kind: str, reason: str, owed: str) -> None:
    assert desk.client.get(desk.page_of(name)).status_code == 200

    assert desk.send(name).status_code == 302

    entry = Entry.objects.get(kind=kind)
    assert (entry.actor, entry.reason, desk.owed) == (desk.operator, reason, Decimal(owed))
    logged = LogEntry.objects.filter(user=desk.operator)
    assert {row.object_id for row in logged} == {str(desk.account.pk), str(entry.pk)}
    assert {row.get_change_message() for row in logged} == {f"Booked: {kind}."}


def test_a_form_books_a_refund(desk: Desk) -> None:
    desk.send("payment", amount="200.00", method="transfer", reason="Statement 17")
    desk.send("refund", amount="55.00")

    assert desk.owed == 0
    assert Entry.objects.get(kind="payment").reason == "by transfer: Statement 17"


@pytest.mark.parametrize("name", ["payment", "writeoff", "reverse"])
def test_a_double_click_books_once(desk: Desk, name: str) -> None:
    page = desk.client.get(desk.page_of(name)).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key

    answers = [desk.send(name, key=key[1]).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert Entry.objects.count() == 2
    assert LogEntry.objects.filter(user=desk.operator).count() == 2


def test_each_form_has_a_key_of_its_own(desk: Desk) -> None:
    pages = {desk.client.get(desk.page_of("payment")).context["form"]["key"].value() for _ in range(2)}

    assert len(pages) == 2


@pytest.mark.parametrize(
    ("name", "fields", "field"),
    [
        ("payment", {"amount": "0"}, "amount"),
        ("payment", {"amount": "-1"}, "amount"),
        ("payment", {"amount": "much"}, "amount"),
        ("payment", {"reason": " "}, "reason"),
        ("payment", {"method": "barter"}, "method"),
        ("payment", {"key": "x"}, "key"),
        ("refund", {"amount": "0.01"}, "amount"),
        ("writeoff", {"amount": "145.01"}, "amount"),
        ("reverse", {"reason": ""}, "reason"),
    ],
)
def test_a_refusal_is_shown_at_its_field(desk: Desk, name: str, fields: dict[str, str], field: str) -> None:
    answer = desk.send(name, **fields)

    assert (answer.status_code, list(answer.context["form"].errors)) == (200, [field])
    assert Entry.objects.count() == 1
    assert not LogEntry.objects.filter(user=desk.operator).exists()


def test_a_second_reversal_by_the_form_is_refused(desk: Desk) -> None:
    desk.send("reverse")

    answer = desk.client.post(desk.page_of("reverse"), {"key": str(uuid4()), "reason": "Again"}, follow=True)

    assert "This entry has been reversed already." in answer.content.decode()
    assert Entry.objects.count() == 2


@pytest.mark.parametrize("name", ["payment", "refund", "writeoff", "reverse"])
def test_view_rights_alone_book_nothing(transactional_db: None, name: str) -> None:
    desk = Desk(rights=["view_account", "view_entry"])

    assert desk.client.get(desk.page_of(name)).status_code == 403
    assert desk.send(name).status_code == 403
    assert Entry.objects.count() == 1


def test_only_riders_accounts_have_forms(desk: Desk) -> None:
    desk.send("payment")
    cash = Account.objects.get(kind="cash")
    pages = [
        reverse("admin:billing_account_book", args=[cash.pk, "payment"]),
        reverse("admin:billing_account_book", args=[desk.account.pk, "gift"]),
        reverse("admin:billing_entry_reverse", args=[uuid4()]),
    ]

    assert [desk.client.get(page).status_code for page in pages] == [404, 404, 404]


def test_accounts_show_who_owes_what(desk: Desk) -> None:
    listed = desk.client.get(reverse("admin:billing_account_changelist"), {"q": desk.rider.email})
    detail = desk.client.get(reverse("admin:billing_account_change", args=[desk.account.pk])).content.decode()

    assert list(listed.context["cl"].result_list) == [desk.account]
    assert "145.00 RUB" in listed.content.decode()
    assert all(text in detail for text in ("145.00 RUB", desk.rider.email, "Book a payment", "Write off a debt"))
    assert 'type="submit"' not in detail.split('id="account_form"')[1]


def test_an_erased_riders_account_has_no_name(desk: Desk) -> None:
    User.objects.filter(pk=desk.rider.pk).update(
        erased_at=NOON, is_active=False, name="", email=f"erased-{desk.rider.pk}@erased.invalid", password="!x"
    )

    detail = desk.client.get(reverse("admin:billing_account_change", args=[desk.account.pk])).content.decode()

    assert "erased" not in detail
    assert "145.00 RUB" in detail


def test_entries_are_found_by_ride_rider_account_and_id(desk: Desk) -> None:
    desk.send("payment")
    Desk()
    entries = reverse("admin:billing_entry_changelist")

    def found(**query: str) -> list[str]:
        return [entry.kind for entry in desk.client.get(entries, query).context["cl"].result_list]

    assert found() == ["payment", "charge", "charge"]
    assert found(q=str(desk.ride)) == found(q=str(desk.charge.pk)) == ["charge"]
    assert found(q=desk.rider.email.upper()) == ["payment", "charge"]
    assert found(postings__account__id__exact=str(desk.account.pk)) == ["payment", "charge"]
    assert found(q="nothing") == []


def test_an_entry_shows_how_it_is_reversed(desk: Desk) -> None:
    page = reverse("admin:billing_entry_change", args=[desk.charge.pk])
    before = desk.client.get(page).content.decode()

    desk.send("reverse")

    after = desk.client.get(page).content.decode()
    assert "/adjust/" not in before  # a ride's cost is corrected where its rider is told
    assert "/reverse/" in before
    assert "/reverse/" not in after


@pytest.mark.parametrize("name", ["billing_account_changelist", "billing_entry_changelist"])
def test_lists_take_as_many_statements_for_many_rows(desk: Desk, name: str, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        Desk()

    with django_assert_max_num_queries(10):
        assert desk.client.get(reverse(f"admin:{name}")).status_code == 200
