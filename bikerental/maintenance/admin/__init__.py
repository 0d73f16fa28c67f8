"""The admin's pages of reports, repairs and photos."""

from bikerental.maintenance.admin import bikes, reports

__all__ = ["bikes", "reports"]
