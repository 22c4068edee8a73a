"""Algorithmia's administration: invitation codes, usage reports, keys for others, notifications."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from rest_framework.response import Response

from algorithms import usage
from algorithms.usage import Period
from marketplace.accounts import actors, audit, keys, site_settings
from marketplace.accounts.models import InviteCode, Notification, Owner
from marketplace.accounts.permissions import may_administer, may_change_profile
from marketplace.api import paging
from marketplace.api.errors import INVALID_REQUEST
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.compat import people_json
from marketplace.lib.errors import BadInput, NotFound

DATES_MISSING: Final = 4010
NO_SUCH_USER: Final = 3000
MOST_NOTIFICATIONS: Final = 200


class InvitesView(ActorAPIView):
    """Codes with which people make an account while sign-up is by invitation."""

    def get(self, request: APIRequest) -> Response:
        request.actor.require(may_administer, "invitation codes")
        rows = InviteCode.objects.select_related("made_by")
        return Response([_invite(code) for code in rows.order_by("-created_at", "-pk")])

    def post(self, request: APIRequest) -> Response:
        request.actor.require(may_administer, "invitation codes")
        body = json_object(request, may_be_empty=True)
        if body.get("signupCredits"):
            raise BadInput(
                "An invitation code brings no credits here; give them to the account itself.",
                wire_code=INVALID_REQUEST,
            )
        made = site_settings.make_invitation(
            by=request.actor,
            code=_text(body, "inviteCode"),
            comment=_text(body, "comments"),
            expires_at=_moment(body["expiresAt"]) if body.get("expiresAt") else None,
        )
        return Response(_invite(made))


class InviteView(ActorAPIView):
    def delete(self, request: APIRequest, code: str) -> Response:
        request.actor.require(may_administer, "invitation codes")
        found = InviteCode.objects.filter(code__iexact=code[:40].replace("\0", "")).first()
        if found is None:
            raise NotFound(f"There is no invitation code {code[:40]!r}.")
        site_settings.end_invitation(found, by=request.actor)
        return Response(status=204)


class UsageView(ActorAPIView):
    """Calls between two moments, grouped; the report's kind is the last part of the path."""

    grouping = usage.Grouping.BOTH

    def get(self, request: APIRequest) -> Response:
        request.actor.require(may_administer, "usage reports")
        report = usage.report(
            Period(_moment_in(request, "start_date"), _moment_in(request, "end_date")),
            by=request.actor,
            grouping=self.grouping,
            callers=request.query_params.getlist("user") + request.query_params.getlist("user[]"),
            piece=(_page_size(request), request.query_params.get("marker", "")),
        )
        return Response({"results": report.rows, "next_marker": report.marker})


class UserKeyView(ActorAPIView):
    def post(self, request: APIRequest, reference: str) -> Response:
        """Make a key for somebody else, perhaps with a value they have already."""
        request.actor.require(may_administer, f"the keys of {reference[:60]}")
        owner = Owner.objects.named(reference).open().select_related("user").first()
        if owner is None or owner.user is None:
            raise NotFound(f"There is no user {reference[:60]!r}.", wire_code=NO_SUCH_USER)
        body = json_object(request, required=["key_label"])
        key, secret = keys.create(
            owner,
            by=actors.of_user(owner.user),
            label=_text(body, "key_label"),
            scopes=people_json.key_scopes(body),
            secret=_text(body, "api_key") or None,
        )
        audit.record(request.actor, "made a key for somebody", f"{owner}: {key}")
        return Response(people_json.key(key, secret=secret))


class NotificationsView(ActorAPIView):
    """What a person was told, for themselves."""

    def get(self, request: APIRequest, user_id: UUID) -> Response:
        owner = Owner.objects.filter(pk=user_id, user__isnull=False).select_related("user").first()
        if owner is None:
            request.actor.require(may_administer, f"the account {user_id}")
            raise NotFound(f"There is no user {user_id}.", wire_code=NO_SUCH_USER)
        request.actor.require(may_change_profile, owner)
        rows = Notification.objects.filter(user=owner.user)
        kinds = [
            kind for text in request.query_params.getlist("event_types") for kind in text.split(",")
        ]
        if kinds:
            rows = rows.filter(kind__in=[kind[:30].replace("\0", "") for kind in kinds])
        if "since" in request.query_params:
            rows = rows.filter(created_at__gt=_moment_in(request, "since"))
        limit = min(paging.limit_in(request, usual=50), MOST_NOTIFICATIONS)
        return Response([_notification(row) for row in rows[:limit]])


def _notification(row: Notification) -> dict[str, object]:
    return {
        "notification_id": str(row.pk),
        "notification_type": row.kind,
        "created_at": row.created_at,
        "read_at": row.read_at,
        "notification_context": {"title": row.title, "body": row.body, "url": row.url},
    }


def _invite(code: InviteCode) -> dict[str, object]:
    return {
        "inviteCode": code.code,
        "signupCredits": 0,
        "comments": code.comment,
        "expiresAt": code.expires_at,
        "createdAt": code.created_at,
        "createdBy": code.made_by.username if code.made_by is not None else "",
    }


def _page_size(request: APIRequest) -> int:
    text = request.query_params.get("page_size", "")
    if not text:
        return paging.USUAL_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= paging.LARGEST_LIMIT):
        raise BadInput(
            f"page_size is a whole number from 1 to {paging.LARGEST_LIMIT}, not {text[:20]!r}.",
            wire_code=INVALID_REQUEST,
        )
    return int(text)


def _moment_in(request: APIRequest, name: str) -> datetime:
    text = request.query_params.get(name, "")
    if not text:
        raise BadInput(f"{name} is missing: write 2026-01-31.", wire_code=DATES_MISSING)
    return _moment(text, name)


def _moment(text: object, name: str = "expiresAt") -> datetime:
    """A day (its first moment) or a moment, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(str(text))
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{name} is a day such as 2026-01-31, not {str(text)[:30]!r}.") from None


def _text(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadInput(f"{name} must be text.", wire_code=INVALID_REQUEST)
    return value
