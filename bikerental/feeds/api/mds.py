"""The API for the city's agencies: MDS 2.0 Provider.

Lists are streamed, a page of rows at a time. A list that the specification allows to be paginated ends after ROWS_MAX
rows, with a link to the next ones. Trips, events and telemetry of an hour may not be paginated.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.core.db.keyset import Cursor
from bikerental.feeds.api.authentication import AgencyAuthentication, AgencyPermission, AgencyThrottle, agency_of
from bikerental.feeds.api.times import Span, milliseconds, read_hour, read_month, read_recent
from bikerental.feeds.api.versions import CSV_TYPE, JSON_TYPE, media_type, require_version
from bikerental.feeds.documents.mds import bikes, reports, rides, stops
from bikerental.feeds.documents.mds.envelope import VERSION, document
from bikerental.feeds.exceptions import HourNotFoundError, ReportNotFoundError, VehicleNotFoundError
from bikerental.feeds.selectors import mds_bikes, mds_rides
from bikerental.feeds.selectors.agencies import AgencyRow
from bikerental.feeds.services import agency_record_use
from bikerental.http.pagination import page_url, read_cursor
from bikerental.http.renderers import to_json
from bikerental.http.streams import StreamedResponse, stream_response
from bikerental.http.views import ApiView

logger = logging.getLogger(__name__)

# A row gets the time at which its request or task began. The slowest task ends after a minute (TASK_TIME_LIMIT), so
# an hour is complete by then.
COMPLETE_AFTER = timedelta(minutes=2)
ROWS_MAX = 10_000
STREAMS_PER_AGENCY = 2  # in one process at the same time
MILLISECOND = timedelta(milliseconds=1)
TIMES = ("end_time", "event_time", "telemetry_time", "start_time")
BIKE_ORDER, EVENT_ORDER = ("id",), ("happened_at", "id")

Pages = Iterator[list[dict[str, Any]]]


class MdsView(ApiView):
    """Needs an agency's token. Each request is logged."""

    authentication_classes = (AgencyAuthentication,)
    permission_classes = (AgencyPermission,)
    throttle_classes = (AgencyThrottle,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_version(request.META.get("HTTP_ACCEPT"))
        agency_record_use(agency=agency_of(request), now=timezone.now())

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        if isinstance(request.auth, AgencyRow):
            times = {name: value[:24] for name in TIMES if (value := request.query_params.get(name))}
            logger.info("Agency %s read %s %s: %d", request.auth.id, request.path, times or "", response.status_code)
        return super().finalize_response(request, response, *args, **kwargs)

    def stream(
        self,
        request: Request,
        name: str,
        pages: Pages,
        head: dict[str, Any] | None = None,
        tail: Callable[[], dict[str, Any]] | None = None,
    ) -> StreamedResponse:
        return stream_response(
            document(head or {}, name, pages, tail),
            reader=agency_of(request).id,
            limit=STREAMS_PER_AGENCY,
            name="An answer to an agency",
            content_type=media_type(JSON_TYPE),
        )


class _LimitedPages:
    """Pages of up to ROWS_MAX rows together. Afterwards `last` is the last row, or None if there are no more."""

    def __init__(self, pages: Iterator[list[Any]]) -> None:
        self._pages = pages
        self.last: Any = None

    def __iter__(self) -> Iterator[list[Any]]:
        count = 0
        for page in self._pages:
            yield page
            count += len(page)
            if count >= ROWS_MAX:
                self.last = page[-1]
                return


class _BikesView(MdsView, ABC):
    """All bikes, in pages of ROWS_MAX."""

    name: str

    def get(self, request: Request) -> HttpResponseBase:
        now, provider_id = timezone.now(), settings.MDS_PROVIDER_ID
        cursor = read_cursor(request, order=BIKE_ORDER)
        found = _LimitedPages(mds_bikes.bike_pages(after_id=cursor.keys[0] if cursor else mds_bikes.FIRST_ID))
        pages = (self.render(page, now, provider_id) for page in found)

        def links() -> dict[str, Any]:
            following = None if found.last is None else Cursor((found.last.id,))
            return {"links": {"next": page_url(request, following)}}

        return self.stream(request, self.name, pages, _timing(now), links)

    @abstractmethod
    def render(self, page: list[bikes.BikeRow], now: datetime, provider_id: UUID) -> list[dict[str, Any]]:
        """The page's bikes that the list shows, as MDS has them."""


class VehiclesView(_BikesView):
    name = "vehicles"

    def render(self, page: list[bikes.BikeRow], now: datetime, provider_id: UUID) -> list[dict[str, Any]]:
        return [
            bikes.vehicle(bike, provider_id)
            for bike in page
            if mds_bikes.is_shown(bike, now=now, shown_for=mds_bikes.VEHICLES_SHOWN_FOR)
        ]


class VehiclesStatusView(_BikesView):
    """A bike that has no row in its log yet has no status: an hourly task adds the row."""

    name = "vehicles_status"

    def render(self, page: list[bikes.BikeRow], now: datetime, provider_id: UUID) -> list[dict[str, Any]]:
        return [
            bikes.status(bike.last, provider_id)
            for bike in page
            if bike.last and mds_bikes.is_shown(bike, now=now, shown_for=mds_bikes.STATUS_SHOWN_FOR)
        ]


class VehicleView(MdsView):
    """A bike, however long ago it left the fleet."""

    def get(self, request: Request, device_id: UUID) -> HttpResponse:
        bike = mds_bikes.bike_row(bike_id=device_id)
        return _json_response(_timing(timezone.now()) | {"vehicles": [bikes.vehicle(bike, settings.MDS_PROVIDER_ID)]})


class VehicleStatusView(MdsView):
    def get(self, request: Request, device_id: UUID) -> HttpResponse:
        bike = mds_bikes.bike_row(bike_id=device_id)
        if bike.last is None:
            raise VehicleNotFoundError
        status = bikes.status(bike.last, settings.MDS_PROVIDER_ID)
        return _json_response(_timing(timezone.now()) | {"vehicles_status": [status]})


class TripsView(MdsView):
    def get(self, request: Request) -> HttpResponseBase:
        hour = read_hour(request, "end_time")
        if not _is_complete(hour, timezone.now()):
            return _accepted()
        found = mds_rides.pages_of_ended(**hour._asdict())
        return self.stream(request, "trips", (list(rides.trips(page, settings.MDS_PROVIDER_ID)) for page in found))


class TelemetryView(MdsView):
    """Of an hour that is not over, the points until now: the specification has neither 202 nor 404 here."""

    def get(self, request: Request) -> HttpResponseBase:
        hour = read_hour(request, "telemetry_time")
        return self.stream(request, "telemetry", self._pages(hour, settings.MDS_PROVIDER_ID))

    def _pages(self, hour: Span, provider_id: UUID) -> Pages:
        for page in mds_rides.pages_of_started(**hour._asdict()):
            yield list(rides.starts(page, provider_id))
        for page in mds_rides.pages_of_ended(**hour._asdict()):
            yield list(rides.ends(page, provider_id))


class HistoricalEventsView(MdsView):
    def get(self, request: Request) -> HttpResponseBase:
        hour = read_hour(request, "event_time")
        if not _is_complete(hour, timezone.now()):
            return _accepted()
        found = mds_bikes.event_pages(since=hour.since - MILLISECOND, until=hour.until)
        return self.stream(request, "events", (_events(page, hour) for page in found))


class RecentEventsView(MdsView):
    """In pages of ROWS_MAX rows of the log."""

    def get(self, request: Request) -> HttpResponseBase:
        span = read_recent(request, now=timezone.now())
        cursor = read_cursor(request, order=EVENT_ORDER)
        since, after_id = cursor.keys if cursor else (span.since - MILLISECOND, 0)
        found = _LimitedPages(mds_bikes.event_pages(since=since, until=span.until, after_id=after_id))

        def links() -> dict[str, Any]:
            following = None if found.last is None else Cursor((found.last[1], found.last[0].id))
            return {"links": {"next": page_url(request, following)}}

        return self.stream(request, "events", (_events(page, span) for page in found), tail=links)


class StopsView(MdsView):
    def get(self, request: Request) -> HttpResponseBase:
        now = timezone.now()
        pages = ([_stop(row, now) for row in page] for page in mds_bikes.stop_pages())
        return self.stream(request, "stops", pages, _timing(now))


class StopView(MdsView):
    def get(self, request: Request, stop_id: UUID) -> HttpResponse:
        now = timezone.now()
        return _json_response(_timing(now) | {"stops": [_stop(mds_bikes.stop_row(station_id=stop_id), now)]})


class ReportView(MdsView):
    """The report of a month that is over. It exists until the month's rides are anonymised."""

    def get(self, request: Request, filename: str) -> HttpResponse:
        month = read_month(filename)
        if month is None:
            raise ReportNotFoundError
        first, span = month
        now, beginning = timezone.now(), mds_rides.operating_since()
        oldest = now - timedelta(days=settings.RIDE_RETENTION_DAYS)
        if beginning is None or span.until <= beginning or span.until + COMPLETE_AFTER > now or span.since < oldest:
            raise ReportNotFoundError
        text = reports.report(first, mds_rides.month_counts(**span._asdict()), settings.MDS_PROVIDER_ID)
        return HttpResponse(text, content_type=media_type(CSV_TYPE))


def _events(page: list[tuple[bikes.EventRow, datetime]], span: Span) -> list[dict[str, Any]]:
    rows = (row for row, _ in page)
    return list(bikes.events_between(rows, settings.MDS_PROVIDER_ID, **span.milliseconds))


def _stop(row: stops.StopRow, now: datetime) -> dict[str, Any]:
    return stops.stop(row, settings.MDS_PROVIDER_ID, now_ms=milliseconds(now))


def _is_complete(hour: Span, now: datetime) -> bool:
    """Whether the log has all of the hour. One statement.

    :raises HourNotFoundError: if the hour is not over, was before the first day of operation, or is older than the log
    """
    beginning, oldest = mds_rides.operating_since(), now - timedelta(days=settings.BIKE_LOG_RETENTION_DAYS)
    if beginning is None or hour.until <= beginning or hour.until > now or hour.since < oldest:
        raise HourNotFoundError
    return hour.until + COMPLETE_AFTER <= now


def _accepted() -> HttpResponse:
    seconds = f"{COMPLETE_AFTER.total_seconds():.0f}"
    return _json_response({}, status=202, headers={"Retry-After": seconds})


def _timing(now: datetime) -> dict[str, Any]:
    """The members that say how old the data are. They are read for each request, so they may be read again at once."""
    return {"last_updated": milliseconds(now), "ttl": 0}


def _json_response(members: dict[str, Any], **options: Any) -> HttpResponse:
    return HttpResponse(to_json({"version": VERSION, **members}), content_type=media_type(JSON_TYPE), **options)
