"""Operators who look at the map, for `make bench ARGS=map`: each asks every few seconds for what has changed."""

import gzip
import http.client
import json
import os
import random
import sys
import threading
import time
from urllib.parse import urlsplit

OPERATORS, REFRESH_SECONDS = 10, 5.0  # as MAP_REFRESH_SECONDS
PATH = "/admin/console/map/data/"


def look(host: str, session: str) -> None:
    chance = random.Random()
    time.sleep(chance.uniform(0, REFRESH_SECONDS))
    connection = http.client.HTTPConnection(host, timeout=30)
    headers = {"Accept-Encoding": "gzip", "Cookie": f"sessionid={session}"}
    mark = ""
    while True:
        connection.request("GET", f"{PATH}?since={mark}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 200:
            text = gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body
            mark = json.loads(text)["mark"]
            headers["If-None-Match"] = answer.headers["ETag"]
        elif answer.status not in (304, 503):
            os._exit(1)
        time.sleep(REFRESH_SECONDS)


def main() -> None:
    host = urlsplit(sys.argv[1]).netloc
    threads = [threading.Thread(target=look, args=[host, sys.argv[2]], daemon=True) for _ in range(OPERATORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
