"""A rider who is logged in at a running server."""

import requests

from tests.factories import PASSWORD

WAIT_SECONDS = 60


def login(address: str, email: str) -> dict[str, str]:
    answer = requests.post(f"{address}auth/token/", json={"email": email, "password": PASSWORD}, timeout=WAIT_SECONDS)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def bearer(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access']}"}
