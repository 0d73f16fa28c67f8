"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from celery import shared_task
from django.utils import timezone

from bikerental.feeds.services import feed_build


@shared_task
def build_feed(**_newer: object) -> None:
    """Build the public feed. The next run is the retry."""
    feed_build(now=timezone.now())
