"""What the kernel shows to operators."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bikerental.core.batches import failed_rows_retry
from bikerental.core.models import FailedRow


@admin.register(FailedRow)
class FailedRowAdmin(admin.ModelAdmin[FailedRow]):
    """Rows whose own data make a task fail: to look at, and to try again once their data are mended."""

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
