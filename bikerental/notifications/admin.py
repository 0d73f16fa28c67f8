from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_retry


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin[Notification]):
    """To look at, and to try failed messages anew; rows are written by services alone."""

    list_display = (
        "created_at", "kind", "state", "recipient_id", "subject_id", "attempts",
        "next_attempt_at", "sent_at", "last_error",
    )  # fmt: skip
    list_filter = ("state", "kind")
    search_fields = ("=id", "=subject_id", "=recipient__id")
    search_help_text = _("Id of the notification, the rental or the recipient")
    ordering = ("-id",)  # ids grow with time
    show_full_result_count = False
    # The recipient's id rather than the recipient, whose name is not needed here.
    fields = (
        "id", "created_at", "kind", "recipient_id", "subject_id", "key", "language", "context", "state", "attempts",
        "next_attempt_at", "claimed_until", "sent_at", "last_error",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("retry",)

    @admin.action(description=_("Try failed messages anew"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = notifications_retry(notification_ids=ids, now=timezone.now())
        text = ngettext("%d message will be tried anew.", "%d messages will be tried anew.", count) % count
        self.message_user(request, text, messages.SUCCESS)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_notification")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False
