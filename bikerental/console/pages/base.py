"""What the pages of the console share: who may open them, their frame, and forms that take effect once."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.forms.renderers import DjangoTemplates
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views import View

from bikerental.billing.constants import REASON_HELP
from bikerental.console.constants import EXPORT_LINES_MAX, REASON_LENGTH, ActionKind
from bikerental.console.pages.navigation import sections_of
from bikerental.console.selectors.log import action_is_done
from bikerental.console.services import action_perform
from bikerental.console.types import NewAction
from bikerental.core.db.clock import database_now
from bikerental.core.errors import FieldRefusal, Kind, Refusal, ThrottledError, UnavailableError
from bikerental.http.sheets import csv_stream
from bikerental.http.streams import StreamedResponse

DONE_BEFORE = _("This had been done already. It was done once.")
REFUSALS = {
    403: (_("You may not open this page"), _("Your role does not include it. A manager can give you another role.")),
    404: (_("There is nothing here"), _("It may be gone, or the address is wrong. Choose a page above.")),
}


class Page(View):
    """A page for operators. Each class says which permission opens it, and without one nothing does."""

    permission: ClassVar[str]
    further_permissions: ClassVar[tuple[str, ...]] = ()  # needed as well
    action_permission: ClassVar[str] = ""  # what sending its form needs as well
    section: ClassVar[str] = ""  # the entry of the navigation that is marked
    template: ClassVar[str]
    title: ClassVar[str | Promise]
    cache_control: ClassVar[str] = "no-store"

    @classmethod
    def as_view(cls, **given: Any) -> Any:
        if not getattr(cls, "permission", ""):
            raise ImproperlyConfigured(f"{cls.__name__} does not say which permission opens it.")
        return super().as_view(**given)

    @property
    def operator(self) -> Any:
        """The user: `dispatch` lets nobody else in."""
        return self.request.user

    @property
    def is_allowed(self) -> bool:
        needed = [self.permission, *self.further_permissions]
        if self.action_permission and self.request.method == "POST":
            needed.append(self.action_permission)
        return bool(self.operator.has_perms(needed))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = self._answer(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", self.cache_control)
        return response

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not admin.site.has_permission(request):
            return self.log_in()
        try:
            if self.is_allowed:
                return super().dispatch(request, *args, **kwargs)
            return self.refuse(403)
        except PermissionDenied:
            return self.refuse(403)
        except Http404:
            return self.refuse(404)
        except Refusal as refusal:
            if refusal.kind != Kind.NOT_FOUND:
                raise
            return self.refuse(404)

    def log_in(self) -> HttpResponse:
        return redirect_to_login(self.request.get_full_path(), reverse("admin:login"))

    def refuse(self, status: int) -> HttpResponse:
        title, text = REFUSALS[status]
        return self.show({"title": title, "text": text}, template="console/refused.html", status=status)

    def show(self, context: Mapping[str, Any] | None = None, *, template: str = "", status: int = 200) -> HttpResponse:
        """The page in its frame. `context` may name another `title`."""
        frame = {
            "view": self,
            "title": getattr(self, "title", ""),
            "sections": sections_of(self.request),
            "section": self.section,
            "languages": settings.LANGUAGES,
            "zone": settings.CITY_TIME_ZONE,
        }
        return TemplateResponse(
            self.request, template or self.template, {**frame, **(context or {})}, status=status
        ).render()

    def send_file(
        self, name: str, columns: Sequence[str], lines: Iterable[Sequence[Any]]
    ) -> HttpResponse | StreamedResponse:
        """A table as a file, while it is read. Operators who may open the page may have what it shows."""
        try:
            return csv_stream(chain([columns], islice(lines, EXPORT_LINES_MAX)), name=name, reader=self.operator.pk)
        except (ThrottledError, UnavailableError) as refusal:
            status = 429 if refusal.kind == Kind.THROTTLED else 503
            text = {"title": _("Not now"), "text": str(refusal)}
            return self.show(text, template="console/refused.html", status=status)

    @property
    def is_file_wanted(self) -> bool:
        return self.request.GET.get("file") == "csv"

    @property
    def file_address(self) -> str:
        """Of the list on this page, whole, as a file."""
        query = self.request.GET.copy()
        query.pop("before", None)
        query["file"] = "csv"
        return f"?{query.urlencode()}"


class DataPage(Page):
    """Data for a page's script. Its refusals are JSON, and it does not lead to the log-in."""

    def log_in(self) -> HttpResponse:
        return JsonResponse({"detail": str(_("Log in again: your session has ended."))}, status=401)

    def refuse(self, status: int) -> HttpResponse:
        return JsonResponse({"detail": str(REFUSALS[status][0])}, status=status)


class FormRenderer(DjangoTemplates):
    field_template_name = "console/field.html"


class ConsoleForm(forms.Form):
    default_renderer = FormRenderer

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})


class ActionForm(ConsoleForm):
    """Carries the key by which a form that is sent twice takes effect once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class ReasonForm(ActionForm):
    reason = forms.CharField(label=_("Reason"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))


class ReasonToRiderForm(ReasonForm):
    """Of a decision about money: the rider reads the reason."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].help_text = REASON_HELP


class FormPage(Page, ABC):
    """A form that performs an action: once for each key. It logs the action, then redirects back."""

    template = "console/form.html"
    form_class: ClassVar[type[ActionForm]]
    kind: ClassVar[ActionKind]
    done: ClassVar[Any]  # what the operator is told afterwards

    def get(self, request: HttpRequest, **ids: Any) -> HttpResponse:
        try:
            self.require()
        except Refusal as refusal:
            return self.redirect_back(messages.ERROR, str(refusal))
        return self.show_form(self.make_form())

    def post(self, request: HttpRequest, **ids: Any) -> HttpResponse:
        form = self.make_form(request.POST)
        if not form.is_valid():
            return self.show_form(form, status=422)
        if action_is_done(key=form.cleaned_data["key"]):
            return self.redirect_back(messages.SUCCESS, DONE_BEFORE)
        try:
            self.require()
            if not self.is_confirmed(form):
                return self.show_form(form)
            is_new = self.perform_once(form)
        except FieldRefusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.field_detail))
            return self.show_form(form, status=422)
        except Refusal as refusal:
            return self.redirect_back(messages.ERROR, str(refusal))
        return self.redirect_back(messages.SUCCESS, self.done if is_new else DONE_BEFORE)

    def redirect_back(self, level: int, text: Any) -> HttpResponse:
        messages.add_message(self.request, level, text)
        return HttpResponseRedirect(self.back())

    def require(self) -> None:
        """:raises Refusal: if there is nothing to do here, because of what happened before"""

    def is_confirmed(self, form: Any) -> bool:
        """Whether the form may take effect now. If not, it is shown again, with what it will do.

        :raises Refusal: if it cannot be done
        """
        return True

    def make_form(self, data: Any = None) -> Any:
        return self.form_class(data)

    def show_form(self, form: Any, *, status: int = 200) -> HttpResponse:
        return self.show({"form": form, "back": self.back(), **self.about()}, status=status)

    def perform_once(self, form: Any) -> bool:
        """Perform the action and log it. Returns false if an earlier click has done it."""
        action = NewAction(
            key=form.cleaned_data["key"],
            operator_id=self.operator.pk,
            kind=self.kind,
            now=database_now(),
            reason=form.cleaned_data.get("reason", ""),
            concerns=self.concerns(form),
            details=self.details(form),
        )
        return action_perform(action=action, perform=lambda: self.perform(form, action))

    @abstractmethod
    def perform(self, form: Any, action: NewAction) -> Mapping[str, Any] | None:
        """Call one service. May return further columns of the log's row."""

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        """For the log: the ids of what the action is about, by column."""
        return {}

    def details(self, form: Any) -> Mapping[str, Any]:
        """For the log: further values as JSON, without personal data."""
        return {}

    def about(self) -> Mapping[str, Any]:
        """What the page shows above the form."""
        return {}

    @abstractmethod
    def back(self) -> str:
        """The address of the page to which the form redirects."""
