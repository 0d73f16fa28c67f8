"""Riders' reports of defects. The endpoint is in this app, because the rides decide whose reports count."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.fleet.api.serializers import BIKE_IN_PATH
from bikerental.fleet.exceptions import BikeNotFoundError
from bikerental.http.operations import documented
from bikerental.http.views import ApiView, read
from bikerental.maintenance.api.serializers import ReportInput, ReportOutput
from bikerental.maintenance.models import BikeReport
from bikerental.rentals.services import rider_report
from bikerental.users.api.authentication import rider_of


class BikeReportsView(ApiView):
    """What is broken."""

    path_examples = BIKE_IN_PATH

    @documented(
        summary="Report a broken bike",
        description=(
            "201 for a new report; 200 with the caller's open report of the same kind. When two riders have reported "
            "brakes, steering, frame or wheel, the bike leaves service, after the current ride if there is one. Only "
            "riders who ride this bike or rode it in the last 24 hours count. All other reports only inform the "
            "operators. If many bikes leave service this way in an hour, further ones wait for an operator."
        ),
        request=ReportInput,
        success={200: ReportOutput, 201: ReportOutput},
        errors=[BikeNotFoundError],
        example={"kind": "brakes", "text": "The rear brake does not hold."},
    )
    def post(self, request: Request, bike_id: UUID) -> Response:
        data = read(ReportInput, request)
        made = rider_report(**data, rider_id=rider_of(request).pk, bike_id=bike_id, now=timezone.now())
        return Response(_report_json(made.report), status=201 if made.is_new else 200)


def _report_json(report: BikeReport) -> dict[str, Any]:
    return {
        "id": str(report.pk),
        "bike": str(report.bike_id),
        "kind": report.kind,
        "text": report.text,
        "state": report.state,
        "created_at": report.created_at,
    }
