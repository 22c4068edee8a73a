"""Projects and services by their API: who may do what, what is refused, and what waiting costs."""

from __future__ import annotations

import errno
import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from celery import current_app
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from algorithms import growing_logs
from algorithms.models import Algorithm
from billing import kept_time, receipts, settlement
from billing.models import Receipt, Usage
from data_collections import files, uris
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, Owner, User
from marketplace.lib.errors import NotFound, Unavailable
from projects import addressing, launching, setup_options
from projects.launch_logs import LOG
from projects.models import Launch, LaunchLogChunk, Service
from runners.models import Environment
from tests import ledgers
from tests.factories import AlgorithmFactory, BuildFactory, CollectionFactory, VersionFactory

LAB = "/api/projects/alice/lab"
READER = f"{LAB}/services/reader"
INTERFACE: dict[str, Any] = {
    "operations": [{"name": "read", "input": {"type": "object", "properties": {}}}],
    "options": {
        "type": "object",
        "properties": {"size": {"enum": ["s", "l"], "default": "s"}},
    },
}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The launches for which a runner was asked; none takes them."""
    asked: list[str] = []

    def send(name: str, args: tuple[str, ...] = (), *_: object, **__: object) -> None:
        if name == "projects.keeping.bring_up":
            asked.extend(args)

    monkeypatch.setattr(current_app, "send_task", send)
    return asked


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    owner = Owner.objects.get(pk=alice.owner_id or "")
    made: Algorithm = AlgorithmFactory.create(owner=owner, name="Reader", is_public=True)
    build = BuildFactory.create(algorithm=made, contract="service", interface=INTERFACE)
    VersionFactory.create(build=build, callability="public")
    return made


@pytest.fixture
def hers(alice: Actor, algorithm: Algorithm) -> Client:
    """A program of alice's, who has a project with one service and credit for days."""
    ledgers.give(alice.owner_id, 50_000_000)
    client = _program(alice)
    client.post("/api/projects", {"name": "lab"}, content_type="application/json")
    wanted = {"name": "reader", "algorithm": str(algorithm), "version": "0.1.0"}
    made = client.post(f"{LAB}/services", wanted, content_type="application/json")
    assert made.status_code == 201, made.json()
    return client


def _program(actor: Actor) -> Client:
    owner = Owner.objects.get(pk=actor.owner_id or "")
    secret = keys.create(owner, by=actor, label="program", scopes=keys.FULL)[1]
    return Client(headers={"Authorization": f"Simple {secret}"})


def _send(client: Client, method: str, path: str, **body: object) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


def _message(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


@pytest.mark.django_db
def test_names_ports_versions_and_options_are_checked(hers: Client, bob: Actor) -> None:
    other = AlgorithmFactory.create(owner_id=bob.owner_id, is_public=True)
    add = f"{LAB}/services"
    known = {"algorithm": "alice/Reader"}

    refused = [
        _send(hers, "POST", "/api/projects", name="my lab"),
        _send(hers, "POST", "/api/projects", name="LAB"),
        _send(hers, "POST", add, name="other", algorithm=str(other)),
        _send(hers, "POST", add, name="Reader", **known),
        _send(hers, "POST", add, name="b", port=9000, **known),
        _send(hers, "POST", add, name="b", port=9100, **known),
        _send(hers, "PATCH", READER, options={"size": "m"}),
        _send(hers, "PATCH", READER, options={"colour": "red"}),
        _send(hers, "PATCH", READER, colour="red"),
    ]

    assert [one.status_code for one in refused] == [400, 409, 403, 409, 400, 409, 400, 400, 400]
    assert _message(refused[5]).startswith("Port 9100 belongs to alice/lab/reader;")
    assert _message(refused[6]) == "size: 'm' is not one of ['s', 'l']."
    assert _message(refused[7]) == "There is no option 'colour'; there are size."
    assert Service.objects.get().options == {}
    assert _send(hers, "PATCH", READER, options={"size": "l"}, port=9555).json()["port"] == 9555


@pytest.mark.django_db(transaction=True)
def test_service_goes_online_once_and_offline_and_is_counted(
    hers: Client, sent: list[str], settings: LazySettings
) -> None:
    settings.SERVICES_PER_ACCOUNT = 1
    _send(hers, "POST", f"{LAB}/services", name="second", algorithm="alice/Reader", version="0.1.0")

    begun = _send(hers, "POST", f"{READER}/online")
    again = _send(hers, "POST", f"{READER}/online")
    second = _send(hers, "POST", f"{LAB}/services/second/online")
    kept = _send(hers, "DELETE", READER)
    ended = _send(hers, "DELETE", f"{READER}/online")
    twice = _send(hers, "DELETE", f"{READER}/online")

    assert (begun.status_code, begun.json()["state"]) == (202, "starting")
    assert begun.json()["launch"]["rate_microcredits"] == 1_000_000
    assert sent == [str(Launch.objects.get().pk)]
    assert (again.status_code, second.status_code, kept.status_code) == (409, 429, 409)
    assert _message(second).startswith("alice has 1 services online, which is its limit")
    assert (ended.json()["state"], twice.status_code) == ("offline", 409)
    assert ended.json()["launch"]["reason"] == "alice took it offline."
    assert "alice took it offline." in hers.get(f"{READER}/log").content.decode()
    assert _send(hers, "DELETE", READER).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_file_of_an_option_with_an_odd_name_stays_in_its_folder(
    hers: Client, alice: Actor, algorithm: Algorithm
) -> None:
    odd, file = "../../../oldroot/tmp/x", {"type": ["string", "null"], "x-widget": "file"}
    options = {"type": "object", "properties": {odd: file, "weights": file}}
    algorithm.builds.update(interface=INTERFACE | {"options": options})
    CollectionFactory.create(owner_id=alice.owner_id, name="models")
    files.put(uris.parse("data://alice/models/a.bin"), BytesIO(b"a"), by=alice)
    given = dict.fromkeys((odd, "weights"), "data://alice/models/a.bin")
    _send(hers, "PATCH", READER, options=given)

    _send(hers, "POST", f"{READER}/online")

    launch = Launch.objects.get()
    shown = ["/opt/files/option-0/a.bin", "/opt/files/weights/a.bin"]
    assert [target for _source, target in launch.files] == shown
    assert list(launch.options.values()) == shown


@pytest.mark.django_db(transaction=True)
def test_nothing_goes_online_without_credit_or_without_a_server(
    alice: Actor, algorithm: Algorithm, sent: list[str], settings: LazySettings
) -> None:
    settings.FREE_CREDITS_PER_MONTH = 0
    client = _program(alice)
    _send(client, "POST", "/api/projects", name="lab")
    _send(
        client, "POST", f"{LAB}/services", name="reader", algorithm=str(algorithm), version="0.1.0"
    )

    poor = _send(client, "POST", f"{READER}/online")
    ledgers.give(alice.owner_id, 50_000_000)
    algorithm.builds.update(contract="apply")
    function = _send(client, "POST", f"{READER}/online")

    assert (poor.status_code, function.status_code) == (402, 400)
    assert _message(function).startswith("This version is a function, not a server")
    assert (Launch.objects.count(), sent) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_strangers_see_public_projects_without_what_is_the_owners(
    hers: Client, alice: Actor, bob: Actor, algorithm: Algorithm
) -> None:
    his = _program(bob)
    _send(hers, "POST", f"{LAB}/services", name="secret", algorithm="alice/Reader")
    hidden = his.get(LAB).status_code
    _send(hers, "PATCH", LAB, is_public=True)

    seen = his.get(f"{LAB}/services").json()["results"]
    page = Client().get("/projects/alice/lab/").content.decode()

    assert hidden == 404
    assert [one["name"] for one in seen] == ["reader"]
    assert not {"port", "options", "launch"} & set(seen[0])
    assert "reader" in page
    assert "secret" not in page
    for method, path in (("POST", "online"), ("DELETE", "online")):
        assert _send(his, method, f"{READER}/{path}").status_code == 403
    assert his.get(f"{READER}/log").status_code == 403
    assert his.get(f"{LAB}/services/secret").status_code == 404
    assert not Launch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_address_leads_to_the_kept_sandbox_with_port_and_options_while_online(
    hers: Client, alice: Actor, bob: Actor
) -> None:
    _send(hers, "PATCH", READER, options={"size": "l"})
    _send(hers, "POST", f"{READER}/online")
    with pytest.raises(Unavailable, match="on its way online"):
        addressing.resolve("alice", "lab", "reader", by=bob)
    Launch.objects.update(state="online", attempts=1, runner="host-1")

    target = addressing.resolve("alice", "lab", "reader", by=bob)
    algorithm = Algorithm.objects.get()
    algorithm.quarantined_at = timezone.now()
    algorithm.save()

    launch = Launch.objects.get()
    assert (target.spec.port, target.spec.runner) == (9100, "host-1")
    assert target.spec.kept == f"{launch.pk.hex}-1"
    assert target.spec.variables == (("RW_MODEL_OPTIONS", '{"size": "l"}'),)
    with pytest.raises(NotFound, match="quarantined"):
        addressing.resolve("alice", "lab", "reader", by=bob)


@pytest.mark.django_db(transaction=True)
def test_what_a_dead_runner_kept_is_started_again(hers: Client, sent: list[str]) -> None:
    _send(hers, "POST", f"{READER}/online")
    long_ago = timezone.now() - timedelta(minutes=1)
    Launch.objects.update(state="online", attempts=1, runner="gone", heartbeat_at=long_ago)

    launching.recover()

    launch = Launch.objects.get()
    assert (launch.state, launch.runner, launch.heartbeat_at) == ("starting", "", None)
    assert launch.attempts == 2
    assert sent == [str(launch.pk)] * 2
    assert "Its runner was lost" in LOG.whole(launch.pk)


@pytest.mark.django_db(transaction=True)
def test_full_disk_fails_one_launch_and_keeps_no_other_from_starting_again(
    hers: Client, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _send(hers, "POST", f"{LAB}/services", name="second", algorithm="alice/Reader", version="0.1.0")
    for name in ("reader", "second"):
        _send(hers, "POST", f"{LAB}/services/{name}/online")
    long_ago = timezone.now() - timedelta(minutes=1)
    Launch.objects.update(attempts=1, runner="gone", heartbeat_at=long_ago)
    Launch.objects.filter(service__name="reader").update(state="building")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for use in ("prepared", "sweep"):
        monkeypatch.setattr(setup_options, use, refuse)
    launching.recover()

    launch, second = Launch.objects.order_by("service__name")
    assert (launch.state, launch.reason) == (
        "failed",
        "The platform could not start it; put it online again.",
    )
    assert (second.state, sent[-1]) == ("starting", str(second.pk))
    assert len(sent) == 3


@pytest.mark.django_db(transaction=True)
def test_service_without_a_runner_is_refused_or_ends_after_some_minutes_of_asking(
    hers: Client, sent: list[str]
) -> None:
    Environment.objects.update(machine_type="GPU")
    refused = _send(hers, "POST", f"{READER}/online")
    nothing_asked = list(sent)
    Environment.objects.update(machine_type="CPU")
    _send(hers, "POST", f"{READER}/online")
    launch = Launch.objects.get()
    for _often in range(3):
        launching.recover()
    within_a_minute = len(sent)
    for _minute in range(4):
        cache.delete(f"launch-asked-{launch.pk}-0")
        launching.recover()

    launch.refresh_from_db()
    assert (refused.status_code, nothing_asked) == (503, [])
    assert "No runner" in _message(refused)
    assert within_a_minute == 2
    assert len(sent) == 5
    assert (launch.state, launch.reason) == ("failed", "No runner is online at the moment.")
    assert Notification.objects.get().title == "alice/lab/reader has failed"


@pytest.mark.django_db(transaction=True)
def test_waiting_is_billed_to_the_owner_settled_and_put_on_a_receipt(
    hers: Client, alice: Actor
) -> None:
    _send(hers, "POST", f"{READER}/online")
    launch = Launch.objects.get()
    kept = launching.kept(Service.objects.get(), launch.build, alice.user_id)

    cost = kept_time.charge(kept, 90_000, at=timezone.now())
    ledgers.require_balanced_books()
    settlement.settle()
    receipts.make(patience=timedelta(0))

    assert cost == 9_000
    usage = Usage.objects.get()
    assert (usage.payer_id, usage.billed_ms, usage.total) == (alice.owner_id, 90_000, 9_000)
    assert (usage.outcome, usage.tag) == ("kept", "lab/reader")
    assert receipts.contents(Receipt.objects.get())["reason"].startswith(
        "A sandbox was kept warm, for a service"
    )
    ledgers.require_nothing_held()
    ledgers.require_balanced_books()
    assert hers.get("/v1/usage?group_by=tag").json()["rows"][0]["calls"] == 0


@pytest.mark.django_db(transaction=True)
def test_staff_take_a_service_offline_and_its_owner_is_told(hers: Client, bob: Actor) -> None:
    _send(hers, "POST", f"{READER}/online")
    User.objects.filter(pk=bob.user_id or 0).update(is_staff=True)
    staff = Client()
    staff.force_login(User.objects.get(pk=bob.user_id or 0))

    listed = staff.get("/staff/online/").content.decode()
    answer = staff.post(
        f"/staff/online/{Service.objects.get().pk}/end/", {"because": "It mines coins."}
    )

    assert "alice/lab/reader" in listed
    assert answer.status_code == 302
    launch = Launch.objects.get()
    assert (launch.state, launch.reason) == ("offline", "bob took it offline. It mines coins.")
    told = Notification.objects.get(title__contains="offline")
    assert told.body == "bob took it offline. It mines coins."


@pytest.mark.django_db(transaction=True)
def test_long_log_forgets_its_beginning_and_is_read_on_from_any_offset(
    hers: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _send(hers, "POST", f"{READER}/online")
    launch = Launch.objects.get()
    LaunchLogChunk.objects.all().delete()
    monkeypatch.setattr(growing_logs, "MAX_CHARACTERS", 20)

    for number in range(10):
        LOG.append(launch.pk, f"line {number}\n")

    assert LOG.read(launch.pk, after=0) == ("line 8\nline 9\n", 70)
    assert LOG.read(launch.pk, after=67) == (" 9\n", 70)
