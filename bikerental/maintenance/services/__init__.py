"""The writes of reports, repairs and photos."""

from bikerental.maintenance.services.publishing import (
    photos_publish,
    photos_publish_left_over,
    photos_sweep_orphans,
    refused_uploads_purge,
)
from bikerental.maintenance.services.repairs import repaired_bikes_return
from bikerental.maintenance.services.reports import ReportMade, bike_report_create, reports_close, reports_forget
from bikerental.maintenance.services.taking_out import (
    grave_return_take_out,
    reported_bikes_sweep,
    waiting_bikes_release,
)
from bikerental.maintenance.services.uploads import bike_photo_store, photo_upload_confirm, photo_upload_start

__all__ = [
    "ReportMade",
    "bike_photo_store",
    "bike_report_create",
    "grave_return_take_out",
    "photo_upload_confirm",
    "photo_upload_start",
    "photos_publish",
    "photos_publish_left_over",
    "photos_sweep_orphans",
    "refused_uploads_purge",
    "repaired_bikes_return",
    "reported_bikes_sweep",
    "reports_close",
    "reports_forget",
    "waiting_bikes_release",
]
