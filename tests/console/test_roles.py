"""What the roles may do in the admin."""

import pytest

from tests.console.conftest import browser_of

pytestmark = pytest.mark.django_db


def test_managers_edit_the_feeds_and_viewers_see_alerts() -> None:
    pages = ["system/add/", "region/add/", "alert/add/", "agency/", "alert/"]

    def statuses(role: str) -> list[int]:
        return [browser_of(role).get(f"/admin/feeds/{page}").status_code for page in pages]

    assert statuses("manager") == [200, 200, 200, 200, 200]
    assert statuses("viewer") == [403, 403, 403, 403, 200]
