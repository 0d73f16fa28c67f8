"""The parts of an account's export that come from this app."""

from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from bikerental.http.export_sections import Pages
from bikerental.users.api.authentication import rider_of
from bikerental.users.api.serializers import ProfileOutput
from bikerental.users.selectors import authenticators_of_user, operators_changes_of_user, sessions_of_user


class ExportAuthenticatorOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    confirmed = serializers.BooleanField()
    created_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ExportAuthenticator"
        example = {
            "name": "authenticator",
            "confirmed": True,
            "created_at": "2026-05-01T08:00:00Z",
            "last_used_at": None,
        }


class ExportSessionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    refreshed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "ExportSession"
        example = {
            "id": "01a20844-d8a7-7263-8d1b-9f4e0a5c6b28",
            "created_at": "2026-05-01T08:00:00Z",
            "refreshed_at": "2026-05-01T08:30:00Z",
            "expires_at": "2026-05-31T08:30:00Z",
            "ended_at": None,
        }


class ExportChangeOutput(serializers.Serializer[Any]):
    happened_at = serializers.DateTimeField()
    change = serializers.CharField(allow_blank=True)

    class Meta:
        ref_name = "ExportChange"
        example = {
            "happened_at": "2026-05-02T10:00:00Z",
            "change": "Changed Name.",
        }


def profile(request: Request, now: datetime) -> Any:
    return ProfileOutput(rider_of(request)).data


def authenticators(request: Request, now: datetime) -> Pages:
    yield authenticators_of_user(user_id=rider_of(request).pk)


def sessions(request: Request, now: datetime) -> Pages:
    return sessions_of_user(user_id=rider_of(request).pk)


def operators_changes(request: Request, now: datetime) -> Pages:
    for page in operators_changes_of_user(user_id=rider_of(request).pk):
        yield [{"happened_at": entry.action_time, "change": entry.get_change_message()} for entry in page]
