"""Admin pages of failed rows and periodic tasks."""

from typing import Any

from celery.exceptions import QueueNotFound
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_celery_beat.admin import CrontabScheduleAdmin, PeriodicTaskAdmin
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from kombu.exceptions import OperationalError
from kombu.utils.json import loads

from bikerental.core.models import FailedRow
from bikerental.core.work.batches import failed_rows_retry


@admin.register(FailedRow)
class FailedRowAdmin(admin.ModelAdmin[FailedRow]):
    """Rows whose own data make a task fail. An operator corrects the data, then lets the task try again."""

    list_display = ("created_at", "task", "row_id", "error", "failures", "failed_at", "retry_at", "told_at")
    list_filter = ("task", ("created_at", admin.DateFieldListFilter))
    search_fields = ("=row_id",)
    search_help_text = _("Id of the row, whole.")
    ordering = ("-id",)
    show_full_result_count = False
    fields = ("created_at", "task", "row_id", "error", "failures", "failed_at", "retry_at", "told_at")
    readonly_fields = fields
    actions = ("try_again",)

    @admin.action(description=_("Try again at the next sweep"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[FailedRow]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = failed_rows_retry(failed_row_ids=ids, now=timezone.now())
        text = ngettext("%d row will be tried again.", "%d rows will be tried again.", count) % count
        self.message_user(request, text, messages.SUCCESS)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_failedrow")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: FailedRow | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FailedRow | None = None) -> bool:
        return False


admin.site.unregister([CrontabSchedule, PeriodicTask])  # imported above, the package has registered its own


@admin.register(CrontabSchedule)
class OurCrontabScheduleAdmin(CrontabScheduleAdmin):  # type: ignore[misc] # the package brings no types
    """Without the package's words for it, which are English."""

    list_display = ("__str__",)
    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone")
    readonly_fields = ()


@admin.register(PeriodicTask)
class OurPeriodicTaskAdmin(PeriodicTaskAdmin):  # type: ignore[misc] # the package brings no types
    """Says which tasks cannot be run; the package's own page raises an error instead."""

    change_form_template = None  # the package's adds English words for the crontab
    readonly_fields = ("last_run_at",)

    def get_fieldsets(self, request: HttpRequest, obj: PeriodicTask | None = None) -> list[tuple[str | None, Any]]:
        return [
            (heading, {**options, "fields": [name for name in options["fields"] if name != "crontab_translation"]})
            for heading, options in super().get_fieldsets(request, obj)
        ]

    @admin.display(description=_("Schedule"))
    def scheduler(self, task: PeriodicTask) -> str:
        return str(task.scheduler)

    @admin.action(description=_("Run selected tasks"), permissions=["change"])
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self.celery_app.loader.import_default_modules()
        for row in queryset:
            try:
                self._run(row)
            except (LookupError, TypeError, ValueError, QueueNotFound, OperationalError) as error:
                text = _("%(name)s was not run: %(error)s") % {"name": row.name, "error": error}
                self.message_user(request, text, messages.ERROR)
            else:
                self.message_user(request, _("%(name)s was sent to the workers.") % {"name": row.name})

    def _run(self, row: PeriodicTask) -> None:
        task = self.celery_app.tasks.get(row.task)
        if task is None:
            raise LookupError(_("there is no task %(task)s") % {"task": row.task})
        options = {"queue": row.queue} if row.queue else {}
        headers = {"periodic_task_name": row.name}
        task.apply_async(args=loads(row.args or "[]"), kwargs=loads(row.kwargs or "{}"), headers=headers, **options)
