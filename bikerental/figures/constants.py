"""Terms and limits of the figures."""

from datetime import date, timedelta
from uuid import UUID

FIRST_DAY = date(2000, 1, 1)
DAYS_DEFAULT, DAYS_MAX = 28, 366

# The place of a ride that began or ended in the street. A column of a key cannot be empty.
STREET = UUID(int=0)

# A row may be committed this long after the time that it has.
OVERLAP = timedelta(hours=1)
# Days are counted for so long in one run of the task, which ends well before its time limit. The next run goes on.
RUN_SECONDS = 25
# A day of a large city takes longer than the statement of a request may.
STATEMENT_SECONDS = 20

MINUTES_EXACT = 1440  # a longer idle time is kept in whole hours

# The pairs that are shown are those of the busiest places.
PLACES_OF_PAIRS = 20
