from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session as BrowserSession
from django.utils import timezone

from bikerental.users.models import GuessCounter, Session
from bikerental.users.tasks import purge_sessions
from tests.factories import make_user


@pytest.mark.django_db
def test_the_purge_deletes_what_has_expired() -> None:
    now, user = timezone.now(), make_user()
    past, future = now - timedelta(days=400), now + timedelta(days=1)
    for key, time in (("old", past), ("new", now)):
        GuessCounter.objects.create(key=key, failed_at=time, blocked_until=time)
    _, good = (
        Session.objects.create(user=user, refresh_id=uuid4(), refreshed_at=past, expires_at=time)
        for time in (past, future)
    )

    for key, time in (("old", past), ("new", future)):
        BrowserSession.objects.create(session_key=key, session_data="", expire_date=time)

    purge_sessions(asked_by="a newer beat")

    assert list(Session.objects.values_list("pk", flat=True)) == [good.pk]
    assert list(GuessCounter.objects.values_list("key", flat=True)) == ["new"]
    assert list(BrowserSession.objects.values_list("session_key", flat=True)) == ["new"]
