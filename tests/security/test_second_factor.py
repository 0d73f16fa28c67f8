"""The operators' code besides the password, as production requires it."""

import io
import re
from base64 import b32decode
from urllib.parse import parse_qs, urlparse

import pytest
import zxingcpp
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from PIL import Image
from pytest_django import Settings

from bikerental.users.models import GuessCounter, User
from bikerental.users.services import user_erase
from tests.factories import PASSWORD, make_user

LOGIN = f"/{configured.ADMIN_PATH}login/"

# Which halves of a character are light.
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(settings: Settings) -> User:
    settings.ADMIN_SECOND_FACTOR = True
    return make_user(email="operator@example.org", is_staff=True)


def enrol(*arguments: str) -> str:
    """The address that the command prints."""
    output = io.StringIO()
    call_command("operator_enrol", "operator@example.org", *arguments, stdout=output)
    found = re.search(r"otpauth://totp/\S+", output.getvalue())
    assert found
    return found[0]


def code_of(address: str) -> str:

    secret = parse_qs(urlparse(address).query)["secret"][0]
    return f"{totp(b32decode(secret + '=' * (-len(secret) % 8)), t0=0):06d}"


def log_in(client: Client, code: str = "", password: str = PASSWORD) -> bool:
    sent = {"username": "operator@example.org", "password": password, "otp_token": code, "next": "/admin/"}
    client.post(LOGIN, sent)
    return client.get("/admin/").status_code == 200


def picture(text: str) -> Image.Image:
    """What a dark terminal shows: a block is light, and a character is two modules high."""
    lines = [line for line in text.splitlines() if set(line) <= set(HALVES)]
    width = max(map(len, lines))
    image = Image.new("L", (width, 2 * len(lines)))
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            for half, light in enumerate(HALVES[character]):
                image.putpixel((column, 2 * row + half), 255 * light)
    return image.resize((8 * image.width, 8 * image.height), Image.Resampling.NEAREST)


def test_the_printed_code_can_be_scanned(operator: User) -> None:
    output = io.StringIO()
    call_command("operator_enrol", "operator@example.org", stdout=output)

    scanned = [code.text for code in zxingcpp.read_barcodes(picture(output.getvalue()))]

    assert scanned == re.findall(r"otpauth://totp/\S+", output.getvalue())


def test_the_password_and_the_code_let_in(operator: User) -> None:
    assert log_in(Client(), code_of(enrol()))


def test_the_password_alone_does_not(operator: User) -> None:
    enrol()

    assert not log_in(Client())
    assert not log_in(Client(), "000000")


def test_without_an_authenticator_nobody_is_let_in(operator: User) -> None:
    client = Client()
    client.force_login(operator)

    assert client.get("/admin/").status_code == 302
    assert not log_in(client)


def test_a_code_is_good_once(operator: User) -> None:
    code = code_of(enrol())

    assert log_in(Client(), code)
    assert not log_in(Client(), code)


def test_guessing_codes_is_slowed(operator: User) -> None:
    address = enrol()
    assert not log_in(Client(), "000000")

    assert not log_in(Client(), code_of(address))
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    assert log_in(Client(), code_of(address))


def test_guessing_passwords_is_slowed_as_without_it(operator: User) -> None:
    address = enrol()
    for _ in range(6):
        log_in(Client(), code_of(address), password="wrong")

    assert not log_in(Client(), code_of(address))
    GuessCounter.objects.update(blocked_until=timezone.now())
    assert log_in(Client(), code_of(address))


@pytest.mark.django_db(transaction=True)
def test_a_lost_authenticator_is_replaced_only_when_asked(operator: User) -> None:
    lost = enrol()
    with pytest.raises(CommandError, match="already"):
        enrol()

    found = enrol("--replace")

    assert not log_in(Client(), code_of(lost))
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    assert log_in(Client(), code_of(found))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fields", [{"is_staff": False}, {"is_active": False}, {"email": "another@example.org"}])
def test_only_an_operators_open_account_is_enrolled(operator: User, fields: dict[str, bool | str]) -> None:
    User.objects.filter(pk=operator.pk).update(**fields)

    with pytest.raises(CommandError, match="open account"):
        enrol()
    assert not TOTPDevice.objects.exists()


def test_erasing_an_account_takes_the_key_along(operator: User) -> None:
    enrol()

    user_erase(user=operator, now=timezone.now())

    assert not TOTPDevice.objects.exists()


def test_production_always_asks_for_it() -> None:
    from tests.live import ROOT

    assert "\nADMIN_SECOND_FACTOR = True\n" in (ROOT / "config/settings/production.py").read_text()
