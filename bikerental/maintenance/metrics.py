"""The metrics of maintenance."""

from bikerental.maintenance.selectors import take_out_metrics
from bikerental.observe.prometheus import Source

METRICS = (Source("fleet", take_out_metrics),)
