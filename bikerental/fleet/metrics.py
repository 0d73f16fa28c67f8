"""What the fleet tells of itself."""

from bikerental.fleet.selectors import take_out_figures
from bikerental.observe.prometheus import Source

FIGURES = (Source("fleet", take_out_figures),)
