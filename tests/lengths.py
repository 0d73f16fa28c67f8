"""How long the long trials are: seconds within the suite, their full length with `LONG=1 make test`."""

import os

IS_LONG = os.environ.get("LONG") == "1"
