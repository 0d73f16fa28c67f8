"""Charges settled rides that have no charge."""

import logging
import sys
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from bikerental.billing.constants import EntryKind
from bikerental.billing.models import Entry
from bikerental.billing.services import rentals_charge
from bikerental.billing.types import Charge
from bikerental.core.work.batches import run_in_batches
from bikerental.rentals.constants import SWEEP_BATCH
from bikerental.rentals.models import Rental

logger = logging.getLogger(__name__)

TASK = "charge rentals"


def rentals_charge_left_over(*, now: datetime, since: datetime | None) -> int:
    """Charge rides that have no charge, oldest first, in batches with transactions of their own. Returns how many.

    :param since: only rides settled since then; None for all

    Settling charges a ride in its own transaction. But during a deploy, the code from before the ledger still settles
    rides after the migration has charged the earlier ones.
    """
    charge = Entry.objects.filter(kind=EntryKind.CHARGE, rental_id=OuterRef("pk"))
    settled = Rental.objects.filter(~Exists(charge), status=Rental.Status.SETTLED, cost_amount__gt=0)
    if since is not None:
        settled = settled.filter(rider__isnull=False, settled_at__gt=since)
    uncharged = settled.order_by("settled_at")
    charged = run_in_batches(TASK, uncharged, lambda ids: _charge(ids, now), size=SWEEP_BATCH, batches=sys.maxsize)
    if charged:
        logger.warning("The sweep charged %d settled rides that had no charge", charged)
    return charged


def _charge(rental_ids: Sequence[UUID], now: datetime) -> int:
    rentals = Rental.objects.filter(pk__in=rental_ids).values_list("pk", "rider_id", "cost_amount", "currency")
    return rentals_charge(charges=list(map(Charge._make, rentals)), now=now)
