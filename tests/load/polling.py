"""Clients of the public feed, for `make bench ARGS=feeds`: each reads all files that rides change in each `ttl`."""

import http.client
import random
import sys
import threading
import time
from urllib.parse import urlsplit

CLIENTS, TTL = 50, 10.0
FILES = ("3/vehicle_status", "3/station_status", "2/free_bike_status", "2/station_status")


def poll(host: str) -> None:
    chance = random.Random()
    time.sleep(chance.uniform(0, TTL / len(FILES)))
    connection, tags = http.client.HTTPConnection(host, timeout=30), dict.fromkeys(FILES, '""')
    while True:
        for file in FILES:
            connection.request(
                "GET", f"/gbfs/{file}.json", headers={"Accept-Encoding": "gzip", "If-None-Match": tags[file]}
            )
            answer = connection.getresponse()
            answer.read()
            tags[file] = answer.headers["ETag"]
            time.sleep(chance.uniform(0.5, 1.5) * TTL / len(FILES))


def main() -> None:
    host = urlsplit(sys.argv[1]).netloc
    threads = [threading.Thread(target=poll, args=[host], daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
