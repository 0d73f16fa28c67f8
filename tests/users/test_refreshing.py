"""A refresh token is spent for its successor. A phone that lost the answer gets the same successor again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from bikerental.users.exceptions import TokenInvalidError
from bikerental.users.models import Session, User
from bikerental.users.services import access_claims, session_end, session_refresh, session_start, token_verify
from bikerental.users.types import TokenPair
from tests.factories import PASSWORD, make_user
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
GRACE = timedelta(seconds=60)
MOMENT = timedelta(microseconds=1)
REFUSED = ""


@pytest.fixture
def now() -> datetime:
    return timezone.now()  # PyJWT compares the expiry with the machine's clock


def log_in(*, now: datetime, rider: User | None = None) -> TokenPair:
    rider = rider or make_user()
    return session_start(email=rider.email, password=PASSWORD, address="192.0.2.10", now=now)


def refresh(token: str, *, now: datetime) -> str:
    """The refresh token that this one is exchanged for."""
    try:
        return session_refresh(refresh=token, now=now).refresh
    except TokenInvalidError:
        return REFUSED


def is_good(token: str) -> bool:
    try:
        token_verify(token=token)
    except TokenInvalidError:
        return False
    return True


def test_refreshing_keeps_the_session_and_gives_new_tokens(now: datetime) -> None:
    first = log_in(now=now)

    second = session_refresh(refresh=first.refresh, now=now)

    assert access_claims(second.access).session_id == access_claims(first.access).session_id
    assert second.refresh != first.refresh
    assert is_good(second.access)


def test_refreshing_prolongs_the_session(now: datetime) -> None:
    tokens = log_in(now=now)
    later = now + timedelta(days=1)

    refresh(tokens.refresh, now=later)

    session = Session.objects.get()
    assert (session.refreshed_at, session.expires_at) == (later, later + timedelta(days=30))


def test_a_lost_answer_is_given_again_until_the_grace_is_over(now: datetime) -> None:
    spent = log_in(now=now).refresh
    successor = refresh(spent, now=now)
    row = Session.objects.values().get()

    assert refresh(spent, now=now + GRACE - MOMENT) == successor
    assert Session.objects.values().get() == row
    assert refresh(successor, now=now + GRACE) not in {REFUSED, spent, successor}


def test_a_repeated_refresh_gives_a_new_access_token(now: datetime) -> None:
    spent = log_in(now=now).refresh
    session_refresh(refresh=spent, now=now - timedelta(minutes=15, seconds=1))

    again = session_refresh(refresh=spent, now=now - timedelta(minutes=14, seconds=10))

    assert is_good(again.access)


def test_using_the_new_access_token_does_not_end_the_grace(now: datetime) -> None:
    """If three devices refresh at once, the first answer may be in use before the others ask."""
    spent = log_in(now=now).refresh
    pair = session_refresh(refresh=spent, now=now)
    token_verify(token=pair.access)

    assert refresh(spent, now=now + timedelta(seconds=1)) == pair.refresh


def test_a_spent_token_ends_the_session_when_the_grace_is_over(now: datetime) -> None:
    spent = log_in(now=now).refresh
    pair = session_refresh(refresh=spent, now=now)

    assert refresh(spent, now=now + GRACE) == REFUSED
    assert (is_good(pair.access), is_good(pair.refresh)) == (False, False)
    assert refresh(pair.refresh, now=now + GRACE) == REFUSED


def test_a_spent_token_ends_the_session_after_its_successor(now: datetime) -> None:
    spent = log_in(now=now).refresh
    last = refresh(refresh(spent, now=now), now=now)

    assert refresh(spent, now=now) == REFUSED
    assert not is_good(last)


def test_without_a_grace_a_spent_token_ends_the_session_at_once(now: datetime, settings: Settings) -> None:
    settings.REFRESH_GRACE_SECONDS = 0
    spent = log_in(now=now).refresh
    successor = refresh(spent, now=now)

    assert refresh(spent, now=now) == REFUSED
    assert not is_good(successor)


def test_a_spent_token_ends_no_other_session(now: datetime) -> None:
    rider = make_user()
    other, spent = log_in(now=now, rider=rider), log_in(now=now, rider=rider)
    refresh(spent.refresh, now=now)

    assert refresh(spent.refresh, now=now + GRACE) == REFUSED
    assert is_good(other.access)


def test_within_the_grace_an_ended_session_stays_ended(now: datetime) -> None:
    rider = make_user()
    spent = log_in(now=now, rider=rider).refresh
    session_end(user_id=rider.pk, refresh=refresh(spent, now=now), now=now)

    assert refresh(spent, now=now) == REFUSED


def test_within_the_grace_a_closed_account_gets_nothing(now: datetime) -> None:
    spent = log_in(now=now).refresh
    refresh(spent, now=now)
    User.objects.update(is_active=False)

    assert refresh(spent, now=now) == REFUSED


def test_a_closed_account_does_not_refresh(now: datetime) -> None:
    tokens = log_in(now=now)
    User.objects.update(is_active=False)

    assert refresh(tokens.refresh, now=now) == REFUSED


def test_an_expired_session_does_not_refresh(now: datetime) -> None:
    tokens = log_in(now=now)
    Session.objects.update(expires_at=now)

    assert refresh(tokens.refresh, now=now) == REFUSED


def test_a_deleted_session_does_not_refresh(now: datetime) -> None:
    tokens = log_in(now=now)
    Session.objects.all().delete()

    assert refresh(tokens.refresh, now=now) == REFUSED


def test_refreshing_is_one_statement_and_a_lost_answer_one_more(now: datetime, django_assert_num_queries: Any) -> None:
    tokens = log_in(now=now)

    with django_assert_num_queries(1):
        refresh(tokens.refresh, now=now)
    with django_assert_num_queries(2):
        refresh(tokens.refresh, now=now)


@pytest.mark.django_db(transaction=True)
def test_twenty_refreshes_at_once_give_one_refresh_token(now: datetime) -> None:
    spent = log_in(now=now).refresh

    given_out = at_once(lambda _: refresh(spent, now=timezone.now()), times=20)

    (successor,) = set(given_out) - {REFUSED, spent}
    assert given_out == [successor] * 20
    assert is_good(successor)


@pytest.mark.django_db(transaction=True)
def test_twenty_with_a_token_past_its_grace_end_the_session(now: datetime) -> None:
    spent = log_in(now=now).refresh
    successor = refresh(spent, now=now)

    given_out = at_once(lambda _: refresh(spent, now=now + GRACE), times=20)

    assert given_out == [REFUSED] * 20
    assert not is_good(successor)


def test_a_thief_who_polls_gets_the_riders_token_during_grace(now: datetime) -> None:
    stolen = log_in(now=now).refresh
    riders = refresh(stolen, now=now)

    polled = [refresh(stolen, now=now + timedelta(seconds=seconds)) for seconds in range(0, 120, 7)]

    assert polled == [riders] * 9 + [REFUSED] * 9  # 56 s, 63 s
    assert not is_good(riders)


@pytest.mark.parametrize("seconds", [0, 59, 3600])
def test_the_second_of_rider_and_thief_ends_the_session(now: datetime, seconds: int) -> None:
    """Both hold the spent token and its successor. One uses the successor, the other still polls with the spent
    token."""
    stolen = log_in(now=now).refresh
    riders, thiefs = refresh(stolen, now=now), refresh(stolen, now=now)
    used = refresh(riders, now=now)

    assert thiefs == riders
    assert refresh(stolen, now=now + timedelta(seconds=seconds)) == REFUSED
    assert not is_good(used)


def test_a_thief_a_minute_out_of_step_ends_the_session(now: datetime) -> None:
    stolen = log_in(now=now).refresh
    refresh(stolen, now=now)
    successor = refresh(stolen, now=now + timedelta(seconds=30))
    thiefs = refresh(successor, now=now + timedelta(minutes=5))

    assert thiefs != REFUSED
    assert refresh(successor, now=now + timedelta(minutes=15)) == REFUSED  # the rider, whose access token has expired
    assert not is_good(thiefs)


@settings(max_examples=50, deadline=None)
@given(turns=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 29, 31, 60])), max_size=20))
def test_rider_and_thief_share_one_good_token_in_any_order(turns: list[tuple[int, int]]) -> None:
    """Each knows every token, and uses one of the last four, this many seconds after the turn before."""
    time = timezone.now()
    tokens, refreshed_at = [log_in(now=time).refresh], time
    for back, seconds in turns:
        time += timedelta(seconds=seconds)
        presented = tokens[-1 - min(back, len(tokens) - 1)]
        is_in_grace = presented in tokens[-2:] and time - refreshed_at < GRACE
        answer = refresh(presented, now=time)
        if presented == tokens[-1]:
            assert answer not in {REFUSED, *tokens}
            tokens.append(answer)
            refreshed_at = time
        elif is_in_grace:
            assert answer == tokens[-1]
        else:
            assert (answer, [is_good(token) for token in tokens]) == (REFUSED, [False] * len(tokens))
            return
        assert [is_good(token) for token in tokens] == [False] * (len(tokens) - 1) + [True]
