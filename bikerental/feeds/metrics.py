from django.utils import timezone

from bikerental.feeds.selectors.built import feed_figures
from bikerental.observe.prometheus import Source

FIGURES = (Source("feeds", lambda: feed_figures(now=timezone.now())),)
