"""The mix of requests that riders send."""

import asyncio
import json
import random
import time
from collections import deque
from uuid import uuid4

from tests.load.arrivals import Client

BIKES, RENTALS = "/api/v1/bikes/", "/api/v1/rentals/"
# Shares of 111 arrivals. A ride is two requests.
SHARES = {"list": 39, "near": 33, "history": 17, "ride": 11}
REQUESTS_EACH = 1 + SHARES["ride"] / sum(SHARES.values())
RIDE_SECONDS = 1.0
# How often a phone repeats a refused request.
RETRIES, RETRY_SECONDS = 3, 2.0


class Mix:
    """Free riders and bikes are used in turn. After an error in a ride, its rider and bike wait for `refill`.

    :param tokens: of riders, one each
    :param bikes: ids
    """

    def __init__(self, tokens: list[str], bikes: list[str], chance: random.Random) -> None:
        self._tokens = tokens
        self._chance = chance
        self.refill(bikes)

    def refill(self, bikes: list[str]) -> None:
        self._riders = deque(self._tokens)
        self._bikes = deque(bikes)

    async def arrive(self, client: Client, due: float) -> None:
        """One random request, or the two of a ride."""
        chance = self._chance
        (kind,) = chance.choices(list(SHARES), list(SHARES.values()))
        if kind == "ride" and self._riders and self._bikes:
            await self.ride(client, due)
            return
        near = f"{BIKES}?radius=1000&lat={chance.uniform(59.90, 59.96):.5f}&lon={chance.uniform(30.25, 30.37):.5f}"
        path = {"near": near, "history": RENTALS}.get(kind, BIKES)
        await client.ask("GET", path, token=chance.choice(self._tokens), due=due)

    async def ride(self, client: Client, due: float) -> None:
        """A rent, and its return a second later."""
        token, bike = self._riders.popleft(), self._bikes.popleft()
        status, body = await self._post(client, RENTALS, {"bike": bike}, token=token, due=due)
        if status == 201:
            await asyncio.sleep(RIDE_SECONDS)
            path = f"{RENTALS}{json.loads(body)['id']}/return/"
            status, _ = await self._post(client, path, {}, token=token, due=time.monotonic())
        if status in {200, 503}:
            # Nothing is half done, unless each attempt to return was refused.
            self._riders.append(token)
            self._bikes.append(bike)

    async def _post(
        self, client: Client, path: str, body: dict[str, str], *, token: str, due: float
    ) -> tuple[int, bytes]:
        more = f"Idempotency-Key: {uuid4()}\r\n"
        for _ in range(RETRIES):
            answer = await client.ask("POST", path, token=token, due=due, body=json.dumps(body).encode(), more=more)
            if answer[0] != 503:
                break
            await asyncio.sleep(RETRY_SECONDS)
            due = time.monotonic()
        return answer
