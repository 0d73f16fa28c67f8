from django.utils import timezone

from bikerental.claims.selectors import open_claims_count
from bikerental.observe.prometheus import Source

METRICS = (Source("claims", lambda: open_claims_count(now=timezone.now())),)
