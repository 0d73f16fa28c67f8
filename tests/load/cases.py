"""What is measured, and how each case is put to wrk."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from bikerental.users.constants import DEMO_PASSWORD, DEMO_RIDER_EMAIL
from tests.load.database import bikes_available, settle_down, statements_of

BIKES = "/api/v1/bikes/"
RENTALS = "/api/v1/rentals/"
LOGIN = "/api/v1/auth/token/"


@dataclass(frozen=True)
class Case:
    name: str
    script: str
    paths: tuple[str, ...] = ()
    riders: int | None = None  # None: all


def cases() -> list[Case]:
    chance = random.Random(1)  # the same places in each run
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
        Case("login", "login.lua"),
        Case("pairs", "pairs.lua"),
    ]


def write_inputs(case: Case, folder: Path, tokens: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "paths.txt").write_text("\n".join(case.paths) + "\n")
    (folder / "riders.txt").write_text("\n".join(tokens[: case.riders]) + "\n")
    if case.script == "pairs.lua":
        (folder / "bikes.txt").write_text("".join(f"{bike}\n" for bike in bikes_available(limit=9600)))


def statements(case: Case, tokens: list[str]) -> str:
    if case.script == "get.lua":
        return str(statements_of("GET", case.paths[0], token=tokens[0])[0])
    if case.script == "login.lua":
        credentials = {"email": DEMO_RIDER_EMAIL, "password": DEMO_PASSWORD}
        return str(statements_of("POST", LOGIN, token="", body=credentials)[0])
    rent, answer = statements_of("POST", RENTALS, token=tokens[-1], body={"bike": str(bikes_available(limit=1)[0])})
    back, _ = statements_of("POST", f"{RENTALS}{json.loads(answer)['id']}/return/", token=tokens[-1], body={})
    settle_down()
    return f"{rent} + {back}"
