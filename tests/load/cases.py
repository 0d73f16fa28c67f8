"""The measured cases, and their requests for wrk."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from bikerental.demo.constants import DEMO_PASSWORD, DEMO_RIDER_EMAIL
from tests.load.database import statements_of

BIKES = "/api/v1/bikes/"
RENTALS = "/api/v1/rentals/"
LOGIN = "/api/v1/auth/token/"
RIDES = "rentals_rental"


RIDES_A_SECOND = 10.0


@dataclass(frozen=True)
class Case:
    """`rows`: the table that gets a row for each served request, also for one that wrk cut off."""

    name: str
    script: str = ""  # empty: riders who arrive at random, RIDES_A_SECOND
    paths: tuple[str, ...] = ()
    riders: int | None = None  # None: all
    rows: str = ""

    @property
    def rides(self) -> bool:
        return self.rows == RIDES


def cases() -> list[Case]:
    chance = random.Random(1)  # fixed, so that each run has the same places
    near = tuple(
        f"{BIKES}?radius=1000&lat={chance.uniform(59.90, 59.96):.5f}&lon={chance.uniform(30.25, 30.37):.5f}"
        for _ in range(200)
    )
    return [
        Case("bare view", "get.lua", ("/bench/bare/",)),
        Case("empty view", "get.lua", ("/bench/empty/",)),
        Case("list", "get.lua", (BIKES,)),
        Case("near", "get.lua", near),
        Case("history", "get.lua", (RENTALS,), riders=1),
        Case("login", "login.lua", rows="users_session"),
        Case("pairs", "pairs.lua", rows=RIDES),
        Case("ten-a-second", rows=RIDES),
    ]


def write_inputs(case: Case, folder: Path, tokens: list[str], bikes: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "paths.txt").write_text("\n".join(case.paths) + "\n")
    (folder / "riders.txt").write_text("\n".join(tokens[: case.riders]) + "\n")
    (folder / "bikes.txt").write_text("".join(f"{bike}\n" for bike in bikes))


def statements(case: Case, tokens: list[str], bike: str) -> str:
    """The number of SQL statements of a request, counted in this process."""
    if case.script == "get.lua":
        return str(statements_of("GET", case.paths[0], token=tokens[0])[0])
    if case.script == "login.lua":
        credentials = {"email": DEMO_RIDER_EMAIL, "password": DEMO_PASSWORD}
        return str(statements_of("POST", LOGIN, token="", body=credentials)[0])
    rent, answer = statements_of("POST", RENTALS, token=tokens[-1], body={"bike": bike}, has_key=True)
    ride = json.loads(answer)["id"]
    back, _ = statements_of("POST", f"{RENTALS}{ride}/return/", token=tokens[-1], body={}, has_key=True)
    return f"{rent} + {back}"
