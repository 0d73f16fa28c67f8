from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bikerental.notifications.addresses import email_hidden
from bikerental.notifications.kinds import message_kinds
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.notifications.services import Content, addresses_forget, content_preview, notifications_send_again
from bikerental.users.admin_site import EmailSearch, RiderSearch


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(kind.name, kind.label) for kind in message_kinds().values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Notification)
class NotificationAdmin(RiderSearch, admin.ModelAdmin[Notification]):
    """Messages to read and to send again. Only services write rows."""

    list_display = (
        "created_at", "kind_label", "state", "recipient_key", "subject_id", "attempts",
        "next_attempt_at", "sent_at", "feedback", "last_error",
    )  # fmt: skip
    list_filter = ("state", KindFilter, "feedback", ("created_at", admin.DateFieldListFilter))
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    rider_field = "recipient"
    id_fields = ("pk", "subject_id", "recipient")
    search_help_text = _("Id of the message, the ride or the rider, or a part of the rider's e-mail or name.")
    ordering = ("-id",)  # ids grow with time
    show_full_result_count = False
    # The recipient's id instead of the recipient, because the name is not needed here.
    fields = (
        "kind_label", "state", "created_at", "sent_at", "recipient_key", "subject_line", "text", "html", "language",
        "attempts", "next_attempt_at", "claimed_until", "last_error", "feedback", "provider_id", "id", "subject_id",
        "key", "context",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("send_again",)

    @admin.display(description=_("recipient's id"), ordering="recipient_id")
    def recipient_key(self, notification: Notification) -> UUID | None:
        return notification.recipient_id

    @admin.display(description=_("subject line"))
    def subject_line(self, notification: Notification) -> str:
        return self._preview(notification).subject

    @admin.display(description=_("text"))
    def text(self, notification: Notification) -> str:
        return _quoted(self._preview(notification).text)

    @admin.display(description=_("as HTML"))
    def html(self, notification: Notification) -> str:
        html = self._preview(notification).html
        return _quoted(html) if html else str(_("none: the mail has only text"))

    def _preview(self, notification: Any) -> Content:
        if not hasattr(notification, "_preview"):  # three fields ask
            notification._preview = content_preview(notification)
        content: Content = notification._preview
        return content

    @admin.display(description=_("kind"), ordering="kind")
    def kind_label(self, notification: Notification) -> str:
        kind = message_kinds().get(notification.kind)
        return str(kind.label) if kind else notification.kind  # a kind of another release

    @admin.action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = notifications_send_again(notification_ids=ids, now=timezone.now())
        text = ngettext("%d message will be sent again.", "%d messages will be sent again.", count) % count
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_notification")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False


def _quoted(text: str) -> str:
    # Escaped in any case: templates mark what they render as safe.
    return format_html('<pre class="message">{}</pre>', escape(text))


@admin.register(RefusedAddress)
class RefusedAddressAdmin(EmailSearch, admin.ModelAdmin[RefusedAddress]):
    """Addresses that nothing is sent to. An operator can allow mail again."""

    list_display = ("email", "reason", "detail", "created_at")
    list_filter = ("reason", ("created_at", admin.DateFieldListFilter))
    search_fields = ("email",)
    ordering = ("-id",)
    show_full_result_count = False
    fields = ("email", "reason", "detail", "created_at")
    readonly_fields = fields
    actions = ("write_again",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RefusedAddress], search_term: str
    ) -> tuple[QuerySet[RefusedAddress], bool]:
        """Searching for an address also finds its keyed hash."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        hidden = [email_hidden(word) for word in search_term.split() if "@" in word]
        return found | queryset.filter(email__in=hidden), has_duplicates

    @admin.action(description=_("Write to these addresses again"), permissions=["write"])
    def write_again(self, request: HttpRequest, queryset: QuerySet[RefusedAddress]) -> None:
        count = addresses_forget(address_ids=list(queryset.values_list("pk", flat=True)))
        text = ngettext("%d address is written to again.", "%d addresses are written to again.", count) % count
        self.message_user(request, text, messages.SUCCESS)

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_refusedaddress")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RefusedAddress | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RefusedAddress | None = None) -> bool:
        return False
