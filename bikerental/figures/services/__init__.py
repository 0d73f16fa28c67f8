"""The writes of the figures app."""

from bikerental.figures.services.keeping import figures_keep, figures_rebuild

__all__ = ["figures_keep", "figures_rebuild"]
