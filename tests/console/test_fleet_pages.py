"""The pages of the fleet: files are checked and then written once, and exported again."""

import csv
import re
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from bikerental.console.models import Action
from bikerental.fleet.models import Bike, Station
from tests.console.conftest import browser_of
from tests.console.fleet_files import BIKES, fleet, load, table
from tests.factories import make_bike, make_model, make_station, make_tariff

pytestmark = pytest.mark.django_db
FLEET = "/admin/console/fleet/"
FILES, APPLY = f"{FLEET}files/", f"{FLEET}files/apply/"
STATIONS = table("name,latitude,longitude,capacity", "Harbour,59.9,30.3,12")


@pytest.fixture(autouse=True)
def terms(db: None) -> None:
    make_model(name="Sprint")
    make_tariff(name="Day")


def check(client: Client, **files: bytes) -> Any:
    sent = {name: SimpleUploadedFile(f"{name}.csv", data) for name, data in files.items()}
    return client.post(FILES, sent)


def hidden(page: Any) -> dict[str, str]:
    """The hidden fields of the form that writes the files."""
    form = page.content.decode().partition(f'action="{APPLY}"')[2].partition("</form>")[0]
    return {name: re.findall(rf'name="{name}" value="([^"]+)"', form)[0] for name in ("key", "digest")}


def write(client: Client, sent: dict[str, str]) -> str:
    """The text of the page to which the answer redirects."""
    with transaction.atomic():  # which a refusal rolls back, as it does the request's own
        answer = client.post(APPLY, sent)
    return text(client.get(answer["Location"]) if answer.status_code == 302 else answer)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<main")[2]))


def rows(answer: Any) -> list[list[str]]:
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_files_are_checked_then_written_once(manager: Client) -> None:
    page = check(manager, stations=STATIONS, bikes=BIKES)
    assert (page.status_code, Bike.objects.count(), Station.objects.count()) == (200, 0, 0)
    assert "The files have no faults. Nothing was written yet." in text(page)

    answers = [write(manager, hidden(page)) for _ in range(2)]

    assert "Written. Stations: 1 new, 0 changed. Bikes: 1 new, 0 changed." in answers[0]
    assert "This had been done already. It was done once." in answers[1]
    assert [len(each) for each in fleet()] == [1, 1]


def test_writing_the_files_is_logged(manager: Client) -> None:
    write(manager, hidden(check(manager, stations=STATIONS, bikes=BIKES)))

    written = Action.objects.order_by("kind").values_list("kind", "operator", "station_id", "details")
    assert list(written) == [
        ("fleet_loaded", manager.operator.pk, None, {"bikes_added": 1, "stations_added": 1}),
        ("station_added", manager.operator.pk, Station.objects.get().pk, {"name": "Harbour"}),
    ]


def test_faults_are_listed_and_nothing_can_be_written(manager: Client) -> None:
    page = check(manager, bikes=table("number,model,tariff,latitude,longitude", "B-1,<b>Tandem,Day,59.93,30.31"))

    assert page.status_code == 422
    assert "2 model There is none of the name “&lt;b&gt;Tandem”." in text(page)
    assert APPLY not in page.content.decode()


def test_a_file_without_changes_cannot_be_written(manager: Client) -> None:
    load(BIKES)

    page = check(manager, bikes=BIKES)

    assert "All of this is there already." in text(page)
    assert APPLY not in page.content.decode()


def test_only_the_files_that_the_operator_checked_are_written(manager: Client) -> None:
    sent = hidden(check(manager, bikes=BIKES))
    stranger = browser_of("manager")

    answers = [
        write(stranger, sent),
        write(manager, {**sent, "digest": "0" * 64}),
        write(manager, {"key": sent["key"]}),
    ]

    assert ["These files are no longer kept. Check them again." in answer for answer in answers] == [True] * 3
    assert not Bike.objects.exists()


def test_files_that_no_longer_fit_the_fleet_are_refused(manager: Client) -> None:
    sent = hidden(
        check(manager, bikes=table("number,model,tariff,station", "B-1,Sprint,Day,Harbour"), stations=STATIONS)
    )
    make_station(name="Harbour")
    make_station(name="Harbour")

    answer = write(manager, sent)

    assert "were added or deleted meanwhile. Nothing was written: check it again." in answer
    assert not Bike.objects.exists()


class Unread:
    def read(self, *_: Any) -> bytes:
        raise AssertionError("was read")

    readline = read


def test_a_body_that_is_too_large_is_refused_unread(manager: Client) -> None:
    answer = manager.generic("POST", FILES, **{"wsgi.input": Unread(), "CONTENT_LENGTH": str(10**8)})

    assert answer.status_code == 413
    assert "The file is larger than 3 MiB." in text(answer)


def test_a_file_that_is_too_large_is_refused(manager: Client) -> None:
    assert "The file is larger than 3 MiB." in text(check(manager, bikes=b"x" * (3 * 1024**2 + 1)))


def test_exported_files_load_into_the_same_fleet(manager: Client) -> None:
    station, other = make_station(name="=cmd|'/c calc'!A0"), make_station(name="'=twice", is_renting=False)
    make_station(name="'=TWICE", latitude=-33.9, longitude=151.2)
    make_bike(number="+7", model=make_model(name="@a"), tariff=make_tariff(name="-b\t"), station=station)
    make_bike(number="=1+1", station=other, status="maintenance", model=make_model(name="City"), tariff=make_tariff())
    make_bike(number="R-1", status="retired", model=make_model(name="Tandem"), tariff=make_tariff(name="Night"))
    before = fleet()
    stations, bikes = manager.get(f"{FLEET}stations.csv").content, manager.get(f"{FLEET}bikes.csv?status=").content
    retired = manager.get(f"{FLEET}bikes.csv?status=retired").content
    Bike.objects.all().delete()
    Station.objects.all().delete()

    load(bikes, stations)
    load(retired)

    assert fleet() == before
    cells = [cell for line in rows(manager.get(f"{FLEET}bikes.csv")) for cell in line]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []


def test_the_file_of_bikes_has_those_that_the_filters_find(manager: Client) -> None:
    harbour = make_station(name="Harbour")
    make_bike(number="A-1", station=harbour)
    make_bike(number="A-2", status="rented")
    make_bike(number="B-1", status="retired")

    found = {query: [row[0] for row in rows(manager.get(f"{FLEET}bikes.csv?{query}"))[1:]] for query in (
        "", "q=a", "q=b1", "status=retired", f"station={harbour.pk}", "status=blue", "q=-", "q=x://y/%2500",
    )}  # fmt: skip

    assert found == {
        "": ["A-1", "A-2"], "q=a": ["A-1", "A-2"], "q=b1": ["B-1"], "status=retired": ["B-1"],
        f"station={harbour.pk}": ["A-1"], "status=blue": ["A-1", "A-2"], "q=-": [], "q=x://y/%2500": [],
    }  # fmt: skip
    assert rows(manager.get(f"{FLEET}bikes.csv?q=a2"))[1][3:] == ["", "", "", "rented"]


def test_the_list_continues_on_the_next_page(manager: Client) -> None:
    model, tariff = make_model(), make_tariff()
    for number in range(51):
        make_bike(number=f"B-{number:02}", model=model, tariff=tariff)

    first = manager.get(FLEET).content.decode()
    [further] = re.findall(r'href="(\?after=[^"]+)"', first)
    second = manager.get(f"{FLEET}{further}").content.decode()

    assert (">B-49<" in first, ">B-50<" in first, ">B-50<" in second, ">B-49<" in second) == (True, False, True, False)
