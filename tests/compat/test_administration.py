"""Invitation codes, usage reports, keys for others: what administrators' programs call."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from algorithms.models import Call
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, InviteCode, Notification, Owner
from marketplace.lib import tokens
from tests.compat.administration import send
from tests.compat.management_api import Api
from tests.factories import VersionFactory


def test_invitation_codes_are_made_listed_and_ended(client: Client, admin_key: str) -> None:
    body = {"inviteCode": "welcome1", "comments": "For the course", "expiresAt": "2030-01-31"}

    status, made = send(client, "POST", "/v1/admin/invites", admin_key, body)

    assert status == 200, made
    assert made["inviteCode"] == "welcome1"
    assert made["comments"] == "For the course"
    assert made["expiresAt"] == "2030-01-31T00:00:00.000Z"
    assert made["createdBy"] == "operator"
    assert send(client, "GET", "/v1/admin/invites", admin_key) == (200, [made])
    assert send(client, "DELETE", "/v1/admin/invites/welcome1", admin_key)[0] == 204
    assert not InviteCode.objects.exists()
    assert send(client, "DELETE", "/v1/admin/invites/welcome1", admin_key)[0] == 404


def test_usage_is_reported_by_algorithm_and_by_caller(
    client: Client, admin_key: str, alice: Actor, bob: Actor
) -> None:
    version = VersionFactory.create(build__algorithm__owner=Owner.objects.get(name="alice"))
    for result in (Call.Result.SUCCEEDED, Call.Result.SUCCEEDED, Call.Result.FAILED):
        Call.objects.create(
            root_id=uuid.uuid4(),
            caller_id=bob.owner_id,
            algorithm=version.algorithm,
            version=version,
            result=result,
            run_us=500_000,
            started_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
        )
    path = "/v1/admin/usage{}?start_date=2026-05-01&end_date=2026-05-02"

    _, both = send(client, "GET", path.format(""), admin_key)
    _, callers = send(client, "GET", path.format("/users"), admin_key)
    _, others = send(client, "GET", path.format("") + "&user=alice", admin_key)

    sums = {
        "total_calls": 3,
        "total_errors": 1,
        "total_error_duration": 0.5,
        "total_duration": 1.5,
    }
    named = {"algorithm_called": version.algorithm.name, "algorithm_owner": "alice"}
    row = sums | named | {"algorithm_version": "0.1.0", "caller": "bob"}
    assert both == {"results": [row], "next_marker": None}
    assert callers["results"] == [sums | {"caller": "bob"}]
    assert others["results"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", 4010),
        ("?start_date=2026-05-01", 4010),
        ("?start_date=soon&end_date=2026-05-02", 2015),
        ("?start_date=2026-05-02&end_date=2026-05-01", 2015),
        ("?start_date=2026-05-01&end_date=2026-05-02&page_size=0", 2015),
        ("?start_date=2026-05-01&end_date=2026-05-02&marker=x", 5002),
    ],
)
def test_report_that_cannot_be_made_says_why(
    client: Client, admin_key: str, query: str, code: int
) -> None:
    status, body = send(client, "GET", f"/v1/admin/usage{query}", admin_key)

    assert (status, body["error"]["code"]) == (400, code)


def test_key_is_made_for_somebody_with_a_given_value(
    client: Client, admin_key: str, alice: Actor
) -> None:
    value = tokens.new_api_key()
    body = {"key_label": "brought", "api_key": value, "permissions": {"allow_algo": True}}

    status, made = send(client, "POST", "/v1/admin/users/alice/keys", admin_key, body)

    assert (status, made["api_key"], made["username"]) == (200, value, "alice")
    found = keys.find(value)
    assert found is not None
    assert found.owner_id == alice.owner_id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/admin/invites"),
        ("POST", "/v1/admin/invites"),
        ("DELETE", "/v1/admin/invites/welcome1"),
        ("GET", "/v1/admin/usage?start_date=2026-05-01&end_date=2026-05-02"),
        ("POST", "/v1/admin/users/alice/keys"),
    ],
)
def test_standard_keys_administer_nothing(api: Api, method: str, path: str) -> None:
    status, body = api.send(method, path, {"key_label": "x"})

    assert (status, body["error"]["code"]) == (403, 2001)
    assert APIKey.objects.count() == 1
    assert not InviteCode.objects.exists()


def test_notifications_are_for_the_person_alone(api: Api, alice: Actor, bob: Actor) -> None:
    assert alice.user_id is not None
    Notification.objects.create(user_id=alice.user_id, kind="build", title="It is built")
    browser = Client()
    browser.force_login(Owner.objects.get(name="alice").user)  # type: ignore[arg-type]
    path = f"/v1/users/{alice.owner_id}/notifications"

    (shown,) = browser.get(path).json()

    assert shown["notification_type"] == "build"
    assert shown["notification_context"]["title"] == "It is built"
    assert browser.get(path, {"event_types": "other"}).json() == []
    assert api.get(path)[0] == 403
    assert api.get(f"/v1/users/{bob.owner_id}/notifications")[0] == 403


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/scms/internal/oauth/start", 5005),
        ("/v1/admin/features", 5005),
        ("/v1/algorithms/alice/Hello/scm/webhook", 4012),
    ],
)
def test_what_is_not_here_is_refused_in_words(api: Api, hello: Any, path: str, code: int) -> None:
    status, body = api.post(path)

    assert (status, body["error"]["code"]) == (400, code)
    assert body["error"]["message"].endswith(".")
