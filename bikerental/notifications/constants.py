from datetime import timedelta

DELIVERING = "deliver notifications"  # the task's name among the failed rows
# Longer than the task's hard time limit, so a claim does not end while its task still runs.
LEASE = timedelta(minutes=2)
ATTEMPTS_MAX = 12
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_MAX = timedelta(hours=1)
SWEEP_BATCH = 500
# Messages to one address are counted over this time. A message beyond the limit waits as long.
ADDRESS_WINDOW = timedelta(hours=1)
# A message about failed rows names at most this many. The admin lists all.
FAILED_ROWS_NAMED = 20
# Rows for unknown e-mails. They only make a request take as long as one for a known e-mail.
UNADDRESSED_KEPT_FOR = timedelta(hours=1)
# SNS gives up much earlier. An older message was recorded and is sent again by somebody else.
SNS_MESSAGE_AGE_MAX = timedelta(days=1)
# A batch starts no message after this time. One slow message more still ends before the soft time limit.
BATCH_SECONDS = 20.0
# New messages are claimed in groups. After a crash, so many wait for their lease.
GROUP_MAX = 20
# A group begins no message after this time, because what it read about the recipients grows old.
GROUP_SECONDS = 1.0
