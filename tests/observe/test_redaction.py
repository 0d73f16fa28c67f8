"""Personal data in texts of other libraries does not reach the log."""

import json
import logging
import sys

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from bikerental.observe.logs import ContextFilter, JsonFormatter
from bikerental.observe.redaction import TEXT_LENGTH_MAX, redacted
from tests.factories import make_user


def logged(message: str, *arguments: object) -> str:
    record = logging.LogRecord("any", logging.ERROR, __file__, 1, message, arguments, None)
    if sys.exc_info()[0]:
        record.exc_info = sys.exc_info()
    ContextFilter().filter(record)
    line = JsonFormatter().format(record)
    assert json.loads(line)["message"]
    return line


@pytest.mark.django_db
def test_the_row_that_postgresql_refused_is_not_quoted() -> None:
    make_user(email="rider@example.org")
    try:
        with transaction.atomic():
            make_user(email="rider@example.org", name="Somebody")
    except IntegrityError:
        line = logged("Unhandled")

    assert "user_email_unique" in line
    assert "rider@example.org" not in line
    assert "DETAIL" not in line
    assert "IntegrityError" in line.rpartition("direct cause")[2]


@pytest.mark.django_db
def test_a_statement_that_postgresql_refused_is_not_quoted() -> None:
    names = [chr(83) + "omebody"]  # not literal, because a traceback quotes this file too
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM users_user WHERE name = %s", names)
    except ProgrammingError:
        line = logged("Unhandled")

    assert "does not exist" in line
    assert "Somebody" not in line


def test_an_address_is_masked_and_the_rest_is_kept() -> None:
    line = logged("The server refused %s, 3 of %d", "Rider.One+bikes@mail.example.org", 5)

    assert json.loads(line)["message"] == "The server refused [e-mail], 3 of 5"


def test_addresses_are_masked_at_any_depth() -> None:
    event = {"a": [{"b": ("x@example.org", 1, None)}]}

    assert redacted(event) == {"a": [{"b": ["[e-mail]", 1, None]}]}


def test_a_long_text_is_cut_and_no_address_is_left_at_the_cut() -> None:
    text = "x " * (TEXT_LENGTH_MAX // 2 - 3) + "rider@example.org " * 9

    cut = redacted(text)

    assert len(cut) < TEXT_LENGTH_MAX + 50
    assert cut.endswith(f"… (of {len(text)} characters)")
    assert "rider" not in cut
