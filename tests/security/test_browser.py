"""The pages in a real browser, with their Content-Security-Policy enforced."""

from django.urls import reverse

from tests.clients import operator_client
from tests.factories import make_bike, make_rental
from tests.support.chromium import Browser, needs_chromium

pytestmark = needs_chromium


def test_no_page_breaks_its_policy(site: str, browser: Browser) -> None:
    bike, rental = make_bike(), make_rental()
    operator = operator_client()
    complaints = {
        "swagger": browser.open(f"{site}/api/docs/", until="document.querySelectorAll('.opblock').length > 15"),
        "redoc": browser.open(f"{site}/api/redoc/", until="document.querySelectorAll('[data-section-id]').length > 15"),
        "login": browser.open(f"{site}/admin/login/", until="!!document.querySelector('#id_username')"),
    }
    browser.call("Network.setCookie", name="sessionid", value=operator.cookies["sessionid"].value, url=f"{site}/admin/")
    pages = {
        "index": "/admin/",
        "task": reverse("admin:django_celery_beat_periodictask_add"),
        "region": reverse("admin:feeds_region_add"),
        "bikes": reverse("admin:fleet_bike_changelist"),
        "bike": reverse("admin:fleet_bike_change", args=[bike.pk]),
        "users": reverse("admin:users_user_changelist"),
        "new user": reverse("admin:users_user_add"),
        "reports": reverse("admin:maintenance_bikereport_changelist"),
        "uploads": reverse("admin:maintenance_photoupload_changelist"),
        "rental": reverse("admin:rentals_rental_change", args=[rental.pk]),
        "end": reverse("admin:rentals_rental_end", args=[rental.pk]),
        "close": reverse("admin:users_user_close", args=[rental.rider_id]),
    }
    for name, path in pages.items():
        complaints[name] = browser.open(site + path, until="!!document.querySelector('#user-tools')")

    assert complaints == {name: [] for name in complaints}


def test_a_script_that_was_smuggled_into_a_page_does_not_run(site: str, browser: Browser) -> None:
    browser.open(f"{site}/admin/login/", until="!!document.querySelector('#id_username')")
    script = "document.body.appendChild(Object.assign(document.createElement('script'), {text: 'window.stolen = 1'}))"

    browser.value(script)

    assert browser.value("window.stolen === undefined")
    assert any("Content Security Policy" in complaint for complaint in browser.complaints)
