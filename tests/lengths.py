"""The length of long tests: seconds in the suite, the full length with `LONG=1 make test`."""

import os

IS_LONG = os.environ.get("LONG") == "1"
