"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from celery import shared_task
from django.utils import timezone

from bikerental.http.services import idempotency_keys_purge


@shared_task
def purge_idempotency_keys(**_newer: object) -> None:
    """Delete keys that are older than their retention. The next run is the retry."""
    idempotency_keys_purge(now=timezone.now())
