"""Celery entry points of the claims app. Each may run twice, late or never."""

from celery import shared_task


@shared_task
def forget_claims(**_newer: object) -> None:
    """Delete the claims about rides that are nobody's; the next run is the retry."""
    from bikerental.claims.services import claims_forget

    claims_forget()
