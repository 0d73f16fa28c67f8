"""The files of the last build."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Sum

from bikerental.feeds.models import FeedBuild, FeedFile
from bikerental.feeds.types import FeedCopy, File

_FILES = """
    SELECT build.built_at, file.name, file.etag, file.ttl, file.size, file.updated_at,
           CASE WHEN file.etag <> ALL (%s) THEN file.body END
      FROM feeds_feedbuild AS build CROSS JOIN feeds_feedfile AS file
     WHERE build.built_at IS NOT NULL
"""


class Known(NamedTuple):
    """A file as the last build has left it."""

    digest: str
    updated_at: datetime


def is_built_since(moment: datetime, *, now: datetime) -> bool:
    """Whether there is a build of that time or later. One statement.

    One from the future does not count: it comes from a clock that was ahead.
    """
    return FeedBuild.objects.filter(built_at__range=(moment, now)).exists()


def files_known() -> dict[str, Known]:
    """One statement."""
    rows = FeedFile.objects.values_list("name", "digest", "updated_at")
    return {name: Known(digest, updated_at) for name, digest, updated_at in rows}


def files_read(before: FeedCopy | None) -> FeedCopy | None:
    """The files of the last build. One statement, which reads only what has changed since the earlier copy.

    None if there is no build.
    """
    kept = {} if before is None else {file.etag: file.body for file in before.files.values()}
    with connection.cursor() as cursor:
        cursor.execute(_FILES, [list(kept)])
        rows = cursor.fetchall()
    if not rows:
        return None
    files = [File._make((*row[1:-1], kept[row[2]] if row[-1] is None else bytes(row[-1]))) for row in rows]
    return FeedCopy(rows[0][0], {file.name: file for file in files})


def feed_metrics(*, now: datetime) -> dict[str, float]:
    """What the metrics say of the last build. Two statements. Nothing before the first one."""
    build = FeedBuild.objects.first()
    if build is None:
        return {}
    figures = {"bikerental_feed_failures": float(build.failures), "bikerental_feed_build_seconds": build.seconds}
    if build.built_at is not None:
        figures["bikerental_feed_age_seconds"] = (now - build.built_at).total_seconds()
        total = FeedFile.objects.aggregate(total=Sum("size"))["total"]
        figures["bikerental_feed_bytes"] = float(total or 0)
    return figures
