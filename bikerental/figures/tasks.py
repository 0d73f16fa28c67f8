"""Celery tasks. They ignore arguments that a newer release adds, so that old workers survive a deploy."""

from celery import shared_task
from django.utils import timezone

from bikerental.figures.constants import RUN_SECONDS
from bikerental.figures.services import figures_keep


@shared_task
def keep_figures(**_newer: object) -> None:
    """Count the days that have changed. The next run goes on where this one stops."""
    figures_keep(now=timezone.now(), seconds=RUN_SECONDS)
