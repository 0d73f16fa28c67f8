"""The files that docs/operations/fleet.md shows, loaded by the command that it names."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bikerental.fleet.models import Bike, BikeEvent
from tests.factories import make_model, make_tariff

FOLDER = Path(__file__).parents[2] / "docs/operations/fleet"
STATIONS, BIKES = f"--stations={FOLDER / 'stations.csv'}", f"--bikes={FOLDER / 'bikes.csv'}"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def terms(db: None) -> None:
    make_model(name="City")
    make_tariff(name="Standard")


def load(*arguments: str) -> str:
    output = StringIO()
    call_command("load_fleet", *arguments, stdout=output)
    return output.getvalue()


def test_the_examples_are_loaded_and_once() -> None:
    said = [load(STATIONS, BIKES, "--dry-run"), str(Bike.objects.count()), load(STATIONS, BIKES), load(STATIONS, BIKES)]

    new = "Stations: 2 new, 0 changed, 0 as before.\nBikes: 4 new, 0 changed, 0 as before.\n"
    old = "Stations: 0 new, 0 changed, 2 as before.\nBikes: 0 new, 0 changed, 4 as before.\n"
    assert said == [f"{new}Nothing was written: this was a dry run.\n", "0", f"{new}Written.\n", f"{old}Written.\n"]
    assert sorted(Bike.objects.values_list("number", "status", "station__name")) == [
        ("X-000001", "available", "Harbour"), ("X-000002", "available", "Fish market"),
        ("X-000003", "available", None), ("X-000004", "maintenance", "Harbour"),
    ]  # fmt: skip
    assert set(BikeEvent.objects.values_list("actor", "operator_id")) == {("operator", None)}


def test_a_fault_is_named_by_file_and_line_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bikes.csv"
    file.write_text("number,model,tariff,station\nX-1,City,Standard,Harbour\nX-2,Tandem,Standard,Harbour\n")

    with pytest.raises(CommandError) as refused:
        load(STATIONS, f"--bikes={file}")

    assert str(refused.value) == f"{file}, line 3, model: There is none of the name “Tandem”.\nNothing was written."
    assert (refused.value.returncode, Bike.objects.count()) == (1, 0)


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "Name a file of --stations, one of --bikes, or both."),
    (["--bikes=/none/such.csv"], "The file '/none/such.csv' cannot be read"),
])  # fmt: skip
def test_an_unreadable_part_is_named(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said.replace(".", r"\.")):
        load(*arguments)
