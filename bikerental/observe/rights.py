"""The rows that the role of backups writes. Of all other tables it only reads."""

from bikerental.observe.models import Heartbeat

READER_WRITES = (Heartbeat,)  # a backup records that it was made
