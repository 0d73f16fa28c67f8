from datetime import timedelta

DELIVERING = "deliver notifications"  # the task's name among the failed rows
# Longer than the task's hard time limit: a claim outlives whoever made it.
LEASE = timedelta(minutes=2)
ATTEMPTS_MAX = 12
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_MAX = timedelta(hours=1)
SWEEP_BATCH = 500
# For counting the messages to one address; what is beyond them waits for as long.
ADDRESS_WINDOW = timedelta(hours=1)
# A message about failed rows names so many; the admin lists all.
FAILED_ROWS_NAMED = 20
# Nobody is answered by these rows; they exist for an hour at most so that asking costs the same.
NOBODYS_KEPT_FOR = timedelta(hours=1)
# SNS gives up a delivery long before; what is older is somebody's recording.
SNS_MESSAGE_AGE_MAX = timedelta(days=1)
# A batch begins nothing new after this; with one slow message more it ends before the soft time limit.
BATCH_SECONDS = 20.0
