"""The examples of docs/feeds.md have the fields and types of a running server's answers."""

import json
import re

import pytest

from tests.factories import make_bike, make_model, make_station
from tests.feeds.reading import built, get
from tests.feeds.riding import ride
from tests.feeds.shapes import shape
from tests.live import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EXAMPLE = re.compile(r"```sh\ncurl --compressed https://bikes\.example/gbfs/(\S+)\n```\n```json\n(.*?)\n```", re.DOTALL)
EXAMPLES = dict(EXAMPLE.findall((ROOT / "docs/feeds.md").read_text()))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_looks_like_the_answer(address: str, path: str) -> None:
    ride(make_bike(station=make_station(), model=make_model(propulsion="electric")))
    built()

    answer, example = get(address, path).json(), json.loads(EXAMPLES[path])

    assert shape(answer) == shape(example)
    assert (answer["ttl"], answer["version"]) == (example["ttl"], example["version"])
    if "versions" in example["data"]:
        urls = json.dumps(answer["data"]).replace(address, "https://bikes.example")
        assert json.loads(urls) == example["data"]
