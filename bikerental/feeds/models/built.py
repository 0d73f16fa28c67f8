"""The built feed. Both tables are unlogged: a build is made again within seconds, and is not worth a log."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class FeedFile(models.Model):
    """A public file, compressed once for all callers. All files of a build are written in one transaction."""

    name = models.CharField(max_length=100, primary_key=True)  # below /gbfs/
    body = models.BinaryField()  # compressed by gzip
    size = models.PositiveIntegerField()  # in bytes, without compression
    etag = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)  # of what the file says, without its times
    ttl = models.PositiveIntegerField()  # in seconds
    updated_at = models.DateTimeField()

    class Meta:
        default_permissions = ()  # nobody edits it

    def __str__(self) -> str:
        return self.name


class FeedBuild(models.Model):
    """The last build that succeeded, and how many have failed since."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    built_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0.0)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="feed_build_is_one_row")]

    def __str__(self) -> str:
        return str(self.built_at)
