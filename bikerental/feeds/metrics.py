from django.utils import timezone

from bikerental.feeds.selectors.built import feed_metrics
from bikerental.observe.prometheus import Source

METRICS = (Source("feeds", lambda: feed_metrics(now=timezone.now())),)
