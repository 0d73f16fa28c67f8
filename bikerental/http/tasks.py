"""Celery's ways in. Arguments a newer sender adds are ignored: old workers survive a deploy."""

from celery import shared_task
from django.utils import timezone


@shared_task
def purge_idempotency_keys(**_newer: object) -> None:
    """Forget keys past their time; the next run is the retry."""
    from bikerental.http.services import idempotency_keys_purge

    idempotency_keys_purge(now=timezone.now())
