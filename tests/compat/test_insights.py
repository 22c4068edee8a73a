"""What running code reports about its calls: only where callers were told, only for its author."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from algorithms import insights
from algorithms.models import Algorithm, Insight
from algorithms.terms import Terms, smallest_bump
from marketplace.accounts import run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from marketplace.lib.semver import Part
from tests.compat.data_api import Wire, secret_of

pytestmark = pytest.mark.django_db
Call = Callable[..., Wire]


@pytest.fixture
def during(running: Callable[..., Actor], alice: Actor, bob: Actor, hello: Algorithm) -> Call:
    """What alice's algorithm sends while bob has called it."""

    def made(insights_of: str = "1.0.0", call_id: uuid.UUID | None = None) -> Wire:
        actor = running(bob, alice)
        assert actor.running is not None
        call = replace(
            actor.running,
            algorithm_id=hello.pk,
            insights_of=insights_of,
            call_id=call_id or uuid.uuid4(),
        )
        return Wire(f"Bearer {run_tokens.sign(actor, call, expires_in=60)}")

    return made


def told(**values: object) -> list[dict[str, object]]:
    return [{"insight_key": key, "insight_value": value} for key, value in values.items()]


def send(wire: Wire, body: object) -> int:
    answer = wire.send("POST", "/v1/insights", json.dumps(body).encode())
    return answer.status_code


def test_owner_reads_what_a_call_reported_and_its_caller_is_not_told(
    during: Call, alice: Actor, bob: Actor, hello: Algorithm
) -> None:
    call_id = uuid.uuid4()
    inside = during(call_id=call_id)

    sent = [send(inside, told(faces=3, mood="calm")), send(inside, told(faces=4))]

    owner = Wire(secret_of(alice))
    status, body = owner.json("GET", f"/v1/algorithms/{hello}/insights")
    [row] = body["results"]
    assert (sent, status) == ([204, 204], 200)
    assert row.pop("timestamp").endswith("Z")
    assert row == {
        "request_id": f"req-{call_id}",
        "duration_milliseconds": None,
        "algorithm_owner": "alice",
        "algorithm_name": hello.name,
        "algorithm_version": "1.0.0",
        "faces": 4,
        "mood": "calm",
    }
    assert Wire(secret_of(bob)).get(f"/v1/algorithms/{hello}/insights").status_code in (403, 404)
    assert inside.get(f"/v1/algorithms/{hello}/insights").status_code in (403, 404)


def test_version_that_told_its_callers_nothing_keeps_nothing(during: Call) -> None:
    assert send(during(insights_of=""), told(faces=3)) == 403
    assert not Insight.objects.exists()


def test_nobody_reports_from_outside(alice: Actor) -> None:
    assert send(Wire(secret_of(alice)), told(faces=3)) == 400
    assert send(Wire(""), told(faces=3)) == 400
    assert not Insight.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"faces": 3}, 400),
        ([{"insight_key": 3, "insight_value": 3}], 400),
        ([{"insight_key": "faces"}], 400),
        (told(request_id="mine"), 400),
        (told(**{"": 1}), 400),
        (told(nul="a\0b"), 400),
        (told(**{f"v{number}": number for number in range(26)}), 413),
        (told(long="x" * 25 * 1024), 413),
        (told(longer="x" * 200 * 1024), 413),
    ],
)
def test_reports_out_of_bounds_are_refused_whole(during: Call, body: object, status: int) -> None:
    assert send(during(), body) == status
    assert not Insight.objects.exists()


def test_one_call_does_not_get_past_the_bounds_in_steps(during: Call) -> None:
    inside = during()
    send(inside, told(**{f"v{number}": number for number in range(25)}))

    status = send(inside, told(another=1))

    assert status == 413
    assert "another" not in Insight.objects.get().values


def test_file_is_for_the_owner_and_holds_no_formulas(
    client: Client, during: Call, alice: Actor, bob: Actor, hello: Algorithm
) -> None:
    send(during(), told(link='=HYPERLINK("http://evil.example")', faces=3))
    address = f"/algorithms/{hello}/insights.csv"

    client.force_login(_user(alice))
    lines = _lines(client.get(address))
    page = client.get(f"/algorithms/{hello}/insights/").content.decode()
    client.force_login(_user(bob))
    refused = client.get(address).status_code

    assert lines[0].endswith("algorithm_version,faces,link,further")
    assert lines[1].endswith('1.0.0,3,"\'=HYPERLINK(""http://evil.example"")",')
    assert '<code translate="no">faces</code> 3' in page
    assert refused in (403, 404)


def test_file_has_columns_for_the_usual_names_and_one_for_the_rest(
    client: Client,
    during: Call,
    alice: Actor,
    hello: Algorithm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(insights, "MOST_COLUMNS", 1)
    send(during(), told(common=1, rare=2))
    send(during(), told(common=3))
    client.force_login(_user(alice))

    lines = _lines(client.get(f"/algorithms/{hello}/insights.csv"))

    assert [line.partition("1.0.0,")[2] for line in lines[1:]] == ["3,", '1,"{""rare"":2}"']
    assert lines[0].endswith("algorithm_version,common,further")


def test_what_is_old_or_too_much_goes(
    during: Call, hello: Algorithm, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        send(during(), told(number=number))
    oldest = Insight.objects.order_by("created_at")[0]
    Insight.objects.filter(pk=oldest.pk).update(
        created_at=timezone.now() - insights.KEPT_FOR - timedelta(minutes=1)
    )
    monkeypatch.setattr(insights, "MOST_KEPT", 2)

    removed = insights.tidy_up()

    left: list[Any] = [row.values["number"] for row in Insight.objects.order_by("created_at")]
    assert (removed, left) == (2, [2, 3])


def test_callers_who_were_told_of_none_get_them_with_a_major_version_only() -> None:
    before = Terms("public", 0, "isolated", may_call_others=False)
    after = replace(before, keeps_insights=True)

    part, reasons = smallest_bump(before, after, promised=before)

    assert part is Part.MAJOR
    assert reasons == [
        "Callers of this major version know that it keeps nothing about calls for its author."
    ]


def _user(actor: Actor) -> User:
    return User.objects.get(pk=actor.user_id or 0)


def _lines(answer: Any) -> list[str]:
    return b"".join(answer.streaming_content).decode().splitlines()
