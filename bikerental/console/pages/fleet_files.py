"""Bikes and stations from files: checked first, then written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect

from bikerental.console.constants import BIKE_COLUMNS, FAULTS_SHOWN, FILE_BYTES_MAX, STATION_COLUMNS, ActionKind
from bikerental.console.exceptions import FilesForgottenError
from bikerental.console.formats import too_large
from bikerental.console.pages.base import ActionForm, ConsoleForm, FormPage, Page
from bikerental.console.services import (
    fleet_files_check,
    fleet_files_load,
    fleet_files_store,
    fleet_files_stored,
    stations_log,
)
from bikerental.console.templatetags.console import number
from bikerental.console.types import Fault, FileChecked, FleetFiles, NewAction
from bikerental.core.errors import UnavailableError
from bikerental.fleet.types import FleetLoaded, operator

BODY_BYTES_MAX = 2 * FILE_BYTES_MAX + 64 * 1024  # both files, and what a form adds


class FilesForm(ConsoleForm):
    stations = forms.FileField(label=_("Stations"), required=False)
    bikes = forms.FileField(label=_("Bikes"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, columns in (("stations", STATION_COLUMNS), ("bikes", BIKE_COLUMNS)):
            self.fields[name].widget.attrs["accept"] = ".csv,.txt,text/csv"
            self.fields[name].help_text = _("Columns: %(columns)s.") % {"columns": ", ".join(columns)}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not any(cleaned.values()):
            raise forms.ValidationError(_("Choose a file of stations, one of bikes, or both."))
        return cleaned

    def read(self) -> FleetFiles:
        """At most one byte more of each than is allowed, which is enough to refuse a larger file."""
        given = (self.cleaned_data[name] for name in FleetFiles._fields)
        return FleetFiles(*(file and file.read(FILE_BYTES_MAX + 1) for file in given))


class ApplyForm(ActionForm):
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)


@dataclass(frozen=True)
class FileShown:
    label: Promise
    checked: FileChecked
    shown: int = FAULTS_SHOWN

    @property
    def faults(self) -> Sequence[Fault]:
        return self.checked.faults[: self.shown]


class FleetLoadPage(Page):
    permission = "fleet.add_bike"
    further_permissions = ("fleet.change_bike", "fleet.add_station", "fleet.change_station")
    section = "fleet"
    title = _("Load bikes and stations")


class FilesPage(FleetLoadPage):
    """Checks the files. It writes nothing."""

    template = "console/fleet/files.html"

    @classmethod
    def as_view(cls, **given: Any) -> Any:
        """Refuse a body that is too large before any of it is read. CSRF protection reads the body, so it comes
        after."""
        view = super().as_view(**given)
        protected = csrf_protect(view)

        @wraps(view)
        def bounded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return (view if is_too_large(request) else protected)(request, *args, **kwargs)

        bounded.csrf_exempt = True  # type: ignore[attr-defined] # Django reads it
        return bounded

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show({"form": FilesForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        if is_too_large(request):
            return self.show({"form": FilesForm(), "refusal": too_large()}, status=413)
        form = FilesForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show({"form": form}, status=422)
        files = form.read()
        checked = fleet_files_check(files)
        shown = [
            FileShown(label, file) for label, file in zip((_("Stations"), _("Bikes")), checked, strict=True) if file
        ]
        if checked.has_faults:
            return self.show({"form": FilesForm(), "files": shown, "has_faults": True}, status=422)
        if not checked.has_effect:
            return self.show({"form": FilesForm(), "files": shown})
        try:
            digest = fleet_files_store(files=files, operator_id=self.operator.pk)
        except UnavailableError as refusal:
            return self.show({"form": FilesForm(), "refusal": str(refusal)}, status=503)
        return self.show({"form": FilesForm(), "files": shown, "apply": ApplyForm(initial={"digest": digest})})


def is_too_large(request: HttpRequest) -> bool:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return request.method == "POST" and not (length.isdecimal() and len(length) < 10 and int(length) <= BODY_BYTES_MAX)


class ApplyPage(FleetLoadPage, FormPage):
    """Writes the files that were checked, as they were then."""

    form_class = ApplyForm
    kind = ActionKind.FLEET_LOADED
    loaded = FleetLoaded()

    @property
    def done(self) -> str:
        text = gettext(
            "Written. Stations: %(stations_added)s new, %(stations_changed)s changed. Bikes: %(bikes_added)s new, "
            "%(bikes_changed)s changed."
        )
        counts = {name: number(value) for name, value in counts_of(self.loaded).items()}
        if self.loaded.places_kept:
            kept = gettext("Left where they are, because they are ridden, reserved or retired: %(places_kept)s.")
            text = f"{text} {kept}"
        return text % counts

    def get(self, request: HttpRequest, **ids: Any) -> HttpResponse:
        return HttpResponseRedirect(self.back())  # such as from the log-in

    def perform(self, form: Any, action: NewAction) -> Mapping[str, Any]:
        files = fleet_files_stored(digest=form.cleaned_data["digest"], operator_id=action.operator_id)
        if files is None:
            raise FilesForgottenError
        self.loaded = fleet_files_load(files=files, actor=operator(action.operator_id), now=action.now)
        stations_log(action=action, loaded=self.loaded)
        return {"details": {name: value for name, value in counts_of(self.loaded).items() if value}}

    def show_form(self, form: Any, *, status: int = 200) -> HttpResponse:
        """A form without its key or digest did not come from the page."""
        return self.show(
            {"form": FilesForm(), "refusal": str(FilesForgottenError.detail)},
            template=FilesPage.template,
            status=status,
        )

    def back(self) -> str:
        return reverse("console:fleet_files" if self.loaded == FleetLoaded() else "console:fleet")


def counts_of(loaded: FleetLoaded) -> dict[str, int]:
    return {
        "stations_added": len(loaded.stations_added),
        "stations_changed": len(loaded.stations_changed),
        "bikes_added": loaded.bikes_added,
        "bikes_changed": loaded.bikes_changed,
        "places_kept": loaded.places_kept,
    }
