"""The parts of an account's export that come from the ledger."""

from datetime import datetime

from rest_framework.request import Request

from bikerental.billing.api.rendering import entry_json
from bikerental.billing.selectors import entries_for_export
from bikerental.http.export_sections import Pages
from bikerental.users.api.authentication import rider_of


def entries(request: Request, now: datetime) -> Pages:
    for page in entries_for_export(rider_id=rider_of(request).pk):
        yield [entry_json(entry) for entry in page]
