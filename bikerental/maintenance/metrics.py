"""The metrics of maintenance."""

from bikerental.maintenance.selectors import take_out_figures
from bikerental.observe.prometheus import Source

FIGURES = (Source("fleet", take_out_figures),)
