from datetime import timedelta

# Longer than the task's hard time limit: a claim outlives whoever made it.
LEASE = timedelta(minutes=2)
ATTEMPTS_MAX = 12
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_MAX = timedelta(hours=1)
SWEEP_BATCH = 500
# A batch begins nothing new after this; with one slow message more it ends before the soft time limit.
BATCH_SECONDS = 20.0
