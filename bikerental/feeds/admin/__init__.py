from bikerental.feeds.admin.agencies import AgencyAdmin

__all__ = ["AgencyAdmin"]
