"""The metrics as Prometheus reads them."""

from rest_framework.test import APIClient


def scrape(client: APIClient) -> dict[str, float]:
    lines = client.get("/metrics").content.decode().splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


def requests_counted(client: APIClient, route: str, method: str = "GET", status: int = 200) -> float:
    name = f'bikerental_http_request_seconds_count{{method="{method}",route="{route}",status="{status}"}}'
    return scrape(client).get(name, 0.0)
