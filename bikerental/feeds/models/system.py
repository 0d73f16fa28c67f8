"""The name, operator and links of the system in the public feeds."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bikerental.feeds.constants import NAME_LENGTH, URL_LENGTH
from bikerental.feeds.formats import (
    languages_check,
    license_check,
    opening_hours_check,
    phone_check,
    time_zone_check,
    uri_check,
    url_check,
)
from bikerental.feeds.models.texts import URL, texts_check

HTTPS = r"^(https://[!-~]+)?$"
ADDRESSES = ("url", "license_url", "attribution_url", "brand_image_url", "brand_image_url_dark", "brand_terms_url")
APP = r"^([a-z][a-z0-9+.-]*://[!-~]*)?$"


_URL: dict[str, Any] = {"max_length": URL_LENGTH, "blank": True, "validators": [url_check]}
_URI: dict[str, Any] = {"max_length": URL_LENGTH, "blank": True, "validators": [uri_check]}


class System(models.Model):
    """One row. While there is none, the feeds say what the settings say: see `system_default`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    system_id = models.CharField(_("system id"), max_length=NAME_LENGTH)
    # Tags with a space between them. The first one is the system's own.
    languages = models.CharField(_("languages"), max_length=NAME_LENGTH, validators=[languages_check])
    name = models.JSONField(_("name"))
    short_name = models.JSONField(_("short name"), default=dict, blank=True)
    operator = models.JSONField(_("operator"), default=dict, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=NAME_LENGTH, validators=[time_zone_check])
    opening_hours = models.CharField(_("opening hours"), max_length=1000, validators=[opening_hours_check])
    start_date = models.DateField(_("open since"), null=True, blank=True)
    url = models.CharField(_("web site"), **_URL)
    phone_number = models.CharField(_("phone"), max_length=30, blank=True, validators=[phone_check])
    email = models.EmailField(_("e-mail for riders"), blank=True)
    feed_contact_email = models.EmailField(_("e-mail for readers of the feed"))
    license_id = models.CharField(
        _("licence of the data"), max_length=NAME_LENGTH, blank=True, validators=[license_check]
    )
    license_url = models.CharField(_("page with another licence"), **_URL)
    attribution_name = models.JSONField(_("whom to name as the source"), default=dict, blank=True)
    attribution_url = models.CharField(_("page of the source"), **_URL)
    terms_url = models.JSONField(_("terms of use"), default=dict, blank=True)
    terms_updated_on = models.DateField(_("terms of use last changed"), null=True, blank=True)
    privacy_url = models.JSONField(_("privacy policy"), default=dict, blank=True)
    privacy_updated_on = models.DateField(_("privacy policy last changed"), null=True, blank=True)
    android_store_uri = models.CharField(_("Android: page in the store"), **_URI)
    android_discovery_uri = models.CharField(_("Android: link that opens the app"), **_URI)
    ios_store_uri = models.CharField(_("iOS: page in the store"), **_URI)
    ios_discovery_uri = models.CharField(_("iOS: link that opens the app"), **_URI)
    brand_image_url = models.CharField(_("logo"), **_URL)
    brand_image_url_dark = models.CharField(_("logo on a dark ground"), **_URL)
    brand_color = models.CharField(_("colour"), max_length=7, blank=True)
    brand_terms_url = models.CharField(_("terms of use of the logo"), **_URL)
    brand_updated_on = models.DateField(_("logo last changed"), null=True, blank=True)

    class Meta:
        verbose_name = _("system in the feeds")
        verbose_name_plural = _("system in the feeds")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="system_is_one_row"),
            models.CheckConstraint(
                condition=Q(system_id__regex=r"^[A-Za-z0-9._-]+$"),
                name="system_id_form",
                violation_error_message=_("A system id has letters of a to z, digits, dots, dashes and underscores."),
            ),
            models.CheckConstraint(
                condition=Q(languages__regex=r"^[a-z]{2,3}(-[A-Z]{2})?( [a-z]{2,3}(-[A-Z]{2})?)*$")
                & ~Q(languages__regex=r"(^| )(\S+)( .*)? \2( |$)"),
                name="system_languages",
            ),
            texts_check("name", name="system_name", is_required=True),
            texts_check("short_name", name="system_short_name"),
            texts_check("operator", name="system_operator"),
            texts_check("attribution_name", name="system_attribution_name"),
            texts_check("terms_url", name="system_terms_url", pattern=URL),
            texts_check("privacy_url", name="system_privacy_url", pattern=URL),
            models.CheckConstraint(condition=~Q(time_zone="") & ~Q(opening_hours=""), name="system_hours"),
            models.CheckConstraint(condition=Q(phone_number__regex=r"^(\+[1-9][0-9]{1,14})?$"), name="system_phone"),
            models.CheckConstraint(
                condition=Q(email__regex=r"^([!-~]+@[!-~]+)?$") & Q(feed_contact_email__regex=r"^[!-~]+@[!-~]+$"),
                name="system_emails",
            ),
            models.CheckConstraint(
                condition=Q(license_id="") | Q(license_url=""),
                name="system_one_license",
                violation_error_message=_("Give the licence's id or the address of its page, not both."),
            ),
            *(
                models.CheckConstraint(condition=Q(**{f"{field}__regex": HTTPS}), name=f"system_{field}")
                for field in ADDRESSES
            ),
            *(
                models.CheckConstraint(condition=Q(**{f"{field}__regex": APP}), name=f"system_{field}")
                for field in ("android_store_uri", "android_discovery_uri", "ios_store_uri", "ios_discovery_uri")
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{app}_store_uri": "", f"{app}_discovery_uri": ""})
                    | ~Q(**{f"{app}_store_uri": ""}) & ~Q(**{f"{app}_discovery_uri": ""}),
                    name=f"system_{app}_links",
                    violation_error_message=_("An app has both links: to the store, and one that opens the app."),
                )
                for app in ("android", "ios")
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}_url": {}, f"{field}_updated_on": None})
                    | ~Q(**{f"{field}_url": {}}) & Q(**{f"{field}_updated_on__isnull": False}),
                    name=f"system_{field}_dated",
                    violation_error_message=message,
                )
                for field, message in (
                    ("terms", _("Give the terms of use and the day when they last changed, or neither.")),
                    ("privacy", _("Give the privacy policy and the day when it last changed, or neither.")),
                )
            ),
            models.CheckConstraint(
                condition=Q(brand_image_url="", brand_updated_on=None, brand_image_url_dark="", brand_color="",
                            brand_terms_url="")
                | ~Q(brand_image_url="") & Q(brand_updated_on__isnull=False),
                name="system_brand",
                violation_error_message=_("A logo needs its address and the day when it last changed."),
            ),
            models.CheckConstraint(
                condition=Q(brand_color__regex=r"^(#[0-9a-fA-F]{6})?$"),
                name="system_brand_color",
                violation_error_message=_("A colour is # and six digits of 0 to 9 and a to f, such as #1a7f37."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.system_id
