"""What changes the fleet."""

from bikerental.fleet.services.bikes import (
    bike_add,
    bike_claim,
    bike_edit,
    bike_return_to_service,
    bike_send_to_maintenance,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from bikerental.fleet.services.publishing import (
    photos_publish,
    photos_publish_left_over,
    photos_sweep_orphans,
    refused_uploads_purge,
)
from bikerental.fleet.services.reports import (
    ReportMade,
    bike_report_create,
    reports_close,
    reports_forget,
)
from bikerental.fleet.services.stations import station_edit
from bikerental.fleet.services.taking_out import (
    pause_end_without_bikes,
    reported_bikes_take_out,
    waiting_bikes_release,
)
from bikerental.fleet.services.uploads import (
    bike_photo_take,
    photo_upload_confirm,
    photo_upload_start,
)

__all__ = [
    "ReportMade",
    "bike_add",
    "bike_claim",
    "bike_edit",
    "bike_photo_take",
    "bike_report_create",
    "bike_return_to_service",
    "bike_send_to_maintenance",
    "bikes_return_to_service",
    "bikes_send_to_maintenance",
    "bikes_set_tariff",
    "pause_end_without_bikes",
    "photo_upload_confirm",
    "photo_upload_start",
    "photos_publish",
    "photos_publish_left_over",
    "photos_sweep_orphans",
    "refused_uploads_purge",
    "reported_bikes_take_out",
    "reports_close",
    "reports_forget",
    "station_edit",
    "waiting_bikes_release",
]
