"""What the unmodified client of 1.x finds inside a sandbox: the platform, as whoever called."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.authoring import SETTINGS, publish, write
from tests.journeys.calling import call, new_key, record, records, until
from tests.live import Person, Site
from tests.python_client import DataApiError, ReadAcl, connected

CODE = (Path(__file__).parent / "inside.txt").read_text()

Ask = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def stranger(live: Site) -> Person:
    """Somebody who publishes algorithms, but none of the author's."""
    return live.person("journey_stranger")


@pytest.fixture(scope="module")
def free(live: Site, author: Person, author_client: Any) -> str:
    """An algorithm that may call others."""
    options = {"pipeline_enabled": True}
    path = write(author_client, live, author, CODE, name="Free", settings=options).path
    publish(author_client, path, sample="[]")
    return path


@pytest.fixture(scope="module")
def alone(live: Site, author: Person, author_client: Any) -> str:
    """An algorithm that may not."""
    path = write(author_client, live, author, CODE, name="Alone").path
    publish(author_client, path, sample="[]")
    return path


@pytest.fixture(scope="module")
def strange(live: Site, stranger: Person) -> str:
    """An algorithm of somebody else's, which may call others too."""
    with connected(live.url, stranger.key) as client:
        options = {"pipeline_enabled": True}
        path = write(client, live, stranger, CODE, name="Strange", settings=options).path
        publish(client, path, sample="[]")
    return path


@pytest.fixture
def ask(caller_client: Any) -> Ask:
    """Have an algorithm do things one after the other, as the caller; give what came of each."""

    def asked(path: str, *wishes: dict[str, Any]) -> list[Any]:
        answers: list[Any] = caller_client.algo(path).pipe(list(wishes)).result
        return answers

    return asked


@pytest.fixture
def folder(author_client: Any) -> Callable[[ReadAcl], str]:
    """Make a collection of the author's with one file in it."""

    def made(acl: Any) -> str:
        uri = f"data://journey_author/c{uuid.uuid4().hex[:12]}"
        author_client.dir(uri).create(acl)
        author_client.file(f"{uri}/note").put("a note")
        return uri

    return made


def wish(action: str, **arguments: object) -> dict[str, Any]:
    return {"do": action, **arguments}


# Data


def test_my_is_whoever_called(ask: Ask, caller_client: Any, author_client: Any, alone: str) -> None:
    uri = f"data://.my/c{uuid.uuid4().hex[:12]}"
    from_outside = f"{uri}/from_outside"

    made = ask(alone, wish("make", uri=uri), wish("put", uri=f"{uri}/note", text="größe"))
    caller_client.file(from_outside).put("hello")
    read = ask(alone, wish("get", uri=from_outside), wish("get", uri=f"{uri}/note"))

    assert made == [{"value": True}] * 2
    assert read == [{"value": "hello"}, {"value": "größe"}]
    assert caller_client.file(f"{uri}/note").getString() == "größe"
    assert not author_client.dir(uri).exists()


def test_collections_of_the_author_are_read_as_their_access_says(
    ask: Ask, caller_client: Any, folder: Callable[[Any], str], alone: str, strange: str
) -> None:
    shared, hidden = folder(ReadAcl.my_algos), folder(ReadAcl.private)
    public = folder(ReadAcl.public)
    wishes = [wish("get", uri=f"{uri}/note") for uri in (shared, hidden, public)]

    own, others = ask(alone, *wishes), ask(strange, *wishes)

    assert (own[0], own[2]) == ({"value": "a note"}, {"value": "a note"})
    assert "is private, so journey_author/Alone may not read it" in own[1]["error"]
    assert [set(answer) for answer in others] == [{"error", "type"}] * 2 + [{"value"}]
    assert caller_client.file(f"{public}/note").getString() == "a note"
    for uri in (shared, hidden):
        with pytest.raises(DataApiError, match="does not exist, or you may not know of it"):
            caller_client.file(f"{uri}/note").getString()


def test_algorithm_writes_nothing_of_its_author_for_a_stranger(
    ask: Ask, folder: Callable[[Any], str], author_client: Any, alone: str
) -> None:
    uri = folder(ReadAcl.public)

    [put, made] = ask(
        alone,
        wish("put", uri=f"{uri}/note", text="changed"),
        wish("make", uri="data://journey_author/taken_over"),
    )

    assert set(put) == set(made) == {"error", "type"}
    assert author_client.file(f"{uri}/note").getString() == "a note"
    assert not author_client.dir("data://journey_author/taken_over").exists()


def test_data_scope_of_the_callers_key_holds_inside_too(
    live: Site, caller: Person, caller_client: Any, folder: Callable[[Any], str], alone: str
) -> None:
    uri = f"data://.my/c{uuid.uuid4().hex[:12]}"
    caller_client.dir(uri).create()
    caller_client.file(f"{uri}/note").put("mine")
    public = folder(ReadAcl.public)
    wishes = [
        wish("get", uri=f"{uri}/note"),
        wish("put", uri=f"{uri}/other", text="x"),
        wish("get", uri=f"{public}/note"),
        wish("put", uri="data://.session/a", text="s"),
        wish("get", uri="data://.session/a"),
        wish("put", uri="data://.algo/temp/a", text="t"),
        wish("get", uri="data://.algo/temp/a"),
    ]

    def answers(**scopes: bool) -> list[Any]:
        key = new_key(live, caller, allow_algo=True, **scopes)
        result: list[Any] = call(live, alone, wishes, key=key).json()["result"]
        return result

    without, reading = answers(), answers(allow_data=True)

    stores = [{"value": "a note"}, {"value": True}, {"value": "s"}, {"value": True}, {"value": "t"}]
    assert without[2:] == reading[2:] == stores
    assert reading[0] == {"value": "mine"}
    for refused in (without[0], without[1], reading[1]):
        assert "may not" in refused["error"], refused


def test_session_is_shared_by_the_tree_and_ends_with_it(
    ask: Ask, caller_client: Any, free: str, strange: str
) -> None:
    child = [
        wish("get", uri="data://.session/parents"),
        wish("put", uri="data://.session/childs", text="from below"),
    ]

    [_, below, childs] = ask(
        free,
        wish("put", uri="data://.session/parents", text="from above"),
        wish("call", path=strange, input=child),
        wish("get", uri="data://.session/childs"),
    )
    [afterwards] = ask(free, wish("get", uri="data://.session/parents"))

    assert below == {"value": [{"value": "from above"}, {"value": True}]}
    assert childs == {"value": "from below"}
    assert "does not exist" in afterwards["error"]
    with pytest.raises(DataApiError, match="exists only inside a running algorithm"):
        caller_client.file("data://.session/parents").getString()


def test_stores_of_an_algorithm_are_kept_for_each_caller(
    ask: Ask, author_client: Any, caller_client: Any, alone: str, free: str
) -> None:
    name = uuid.uuid4().hex
    puts = [
        wish("put", uri=f"data://.algo/{store}/{name}", text=store) for store in ("temp", "perm")
    ]
    gets = [wish("get", uri=f"data://.algo/{store}/{name}") for store in ("temp", "perm")]
    full = [wish("get", uri=f"data://.algo/{alone}/{store}/{name}") for store in ("temp", "perm")]
    kept = [{"value": "temp"}, {"value": "perm"}]

    assert ask(alone, *puts) == [{"value": True}] * 2
    assert ask(alone, *gets, *full) == kept + kept
    assert caller_client.file(f"data://.algo/{alone}/perm/{name}").getString() == "perm"
    of_author = author_client.algo(alone).pipe([*gets, *full]).result
    of_another_algorithm = ask(free, *gets)
    for missing in (*of_author, *of_another_algorithm):
        assert set(missing) == {"error", "type"}


# Calls of other algorithms


def test_call_of_another_algorithm_needs_the_permission(ask: Ask, alone: str, echo: str) -> None:
    [refused] = ask(alone, wish("call", path=echo, input="hello"))

    assert (
        "journey_author/Alone was published without the permission to call other algorithms, so it "
        "cannot call journey_author/Echo. Its author can publish a version with that permission."
    ) in refused["error"]


def test_call_nobody_waits_for_needs_the_permission_too(ask: Ask, alone: str, echo: str) -> None:
    [refused] = ask(alone, wish("tell", method="POST", path=f"/v1/algo/{echo}?output=void", body=1))

    assert "may not call other algorithms" in refused["value"][1]


def test_child_works_for_the_same_caller(
    ask: Ask, caller_client: Any, author_client: Any, free: str, strange: str
) -> None:
    uri = f"data://.my/c{uuid.uuid4().hex[:12]}"
    child = [wish("make", uri=uri), wish("put", uri=f"{uri}/note", text="from the child")]

    [answer] = ask(free, wish("call", path=strange, input=child))

    assert answer == {"value": [{"value": True}, {"value": True}]}
    assert caller_client.file(f"{uri}/note").getString() == "from the child"
    assert not author_client.dir(uri).exists()


def test_private_algorithm_of_the_author_stays_private_to_the_caller(
    ask: Ask, live: Site, author: Person, author_client: Any, free: str
) -> None:
    hidden = write(author_client, live, author, CODE, name=f"H{uuid.uuid4().hex[:12]}")
    publish(author_client, hidden.path, sample="[]", algorithm_callability="private")

    [refused] = ask(free, wish("call", path=f"{hidden.path}/0.1.0", input=[]))

    assert f"algorithm algo://{hidden.path} not found" in refused["error"]


def test_tree_of_calls_is_recorded(
    live: Site, caller: Person, free: str, strange: str, echo: str
) -> None:
    grandchild = [wish("call", path=echo, input="hello")]
    tree = [wish("call", path=strange, input=grandchild)]

    answer = call(live, free, tree, key=caller.key).json()

    assert answer["result"] == [{"value": [{"value": "hello"}]}]
    root = record(live, answer["metadata"]["request_id"])
    rows = until(lambda: (found := records(live, "root_id = ?", root["id"]))[2:] and found)
    assert [row["depth"] for row in rows] == [0, 1, 2]
    assert [row["parent_id"] for row in rows] == [None, rows[0]["id"], rows[1]["id"]]
    assert {row["caller_id"] for row in rows} == {root["caller_id"]}
    assert {row["key_id"] for row in rows} == {root["key_id"]}
    assert {row["result"] for row in rows} == {"succeeded"}


def test_failure_of_the_child_reaches_the_parent_with_its_type(
    ask: Ask, free: str, echo: str
) -> None:
    [failed] = ask(free, wish("call", path=echo, input={"do": "fail", "kind": "exception"}))

    assert failed["type"] == "AlgorithmException"
    assert "The picture is empty." in failed["error"]


def test_twenty_four_calls_at_once_are_answered_and_one_more_is_refused(
    live: Site, caller_client: Any, caller: Person, free: str, strange: str
) -> None:
    folder = f"data://.my/c{uuid.uuid4().hex[:12]}"
    caller_client.dir(folder).create()
    waiting = [wish("wait", uri=f"{folder}/go")]
    fan = wish("fan", path=strange, count=25, input=waiting, go=f"{folder}/go")

    answers = call(live, free, [fan], key=caller.key, timeout=120).json()["result"][0]["value"]

    answered = [one["value"] for one in answers if "value" in one]
    refused = [one for one in answers if "error" in one]
    assert answered == [[{"value": True}]] * 24
    assert len(refused) == 1
    assert "An algorithm may have 24 calls of other algorithms open at once" in refused[0]["error"]


def test_recursion_ends_with_an_error_when_no_sandbox_can_be_had(
    ask: Ask, live: Site, free: str
) -> None:
    [answer] = ask(free, wish("descend", path=free))
    [afterwards] = ask(free, wish("sleep", seconds=0))

    assert answer["value"]["depth"] == 7  # the standard settings give eight to one version
    assert "503" in answer["value"]["error"]
    [refused] = until(lambda: records(live, "depth = 8"))
    assert refused["error_message"].startswith(
        "No sandbox is free for a call made by an algorithm, and waiting for one could take for"
    )
    assert afterwards == {"value": 0}


# What an algorithm may not


def test_algorithm_manages_nothing_for_its_caller(
    live: Site, ask: Ask, caller: Person, alone: str
) -> None:
    settings = SETTINGS | {"network_access": "full", "pipeline_enabled": True}
    body = {"name": "Planted", "details": {"label": "x"}, "settings": settings}
    attempts = [
        wish("tell", method="POST", path=f"/v1/algorithms/{caller.name}", body=body),
        wish("tell", method="GET", path=f"/v1/users/{caller.name}/keys"),
        wish("tell", method="POST", path=f"/v1/users/{caller.name}/keys", body={"key_label": "x"}),
        wish("tell", method="POST", path="/v1/organizations", body={"org_name": "planted"}),
        wish("tell", method="DELETE", path=f"/v1/users/{caller.name}"),
    ]

    for answer in ask(alone, *attempts):
        assert answer["value"][0] == 403, answer
    with connected(live.url, caller.key) as client:
        assert client.algo(f"{caller.name}/Planted").exists() is False


def test_only_the_api_is_reachable_from_inside(ask: Ask, alone: str) -> None:
    paths = ("/", "/admin/", "/keys/", "/api/schema/", "/v1/../keys/", "/metrics", "/readyz")

    answers = ask(alone, *(wish("tell", method="GET", path=path) for path in paths))

    for path, answer in zip(paths, answers, strict=True):
        status, text = answer["value"]
        assert status == 404, path
        assert "reaches the platform's API under /v1/ and nothing else" in text


def test_credentials_sent_from_inside_are_ignored(
    ask: Ask, author: Person, caller: Person, alone: str
) -> None:
    """An algorithm that brings somebody's key along still speaks for its caller only."""
    [answer] = ask(alone, wish("tell", method="GET", path="/v1/data/", headers=author.headers))

    assert answer == {"value": [200, f'{{"folders":[{{"name":"{caller.name}"}}]}}']}


def test_nobody_is_asking_between_calls(ask: Ask, folder: Callable[[Any], str], alone: str) -> None:
    uri = folder(ReadAcl.public)

    ask(alone, wish("later", uri=f"{uri}/note"))
    kept: dict[str, Any] = {"value": None}
    for _attempt in range(30):
        if kept["value"] is None:
            time.sleep(1)  # between two calls
            [kept] = ask(alone, wish("kept"))

    assert "No call is in progress in this sandbox, so nobody is asking." in kept["value"]["error"]


def test_isolated_algorithm_reaches_nothing_but_the_relay(live: Site, ask: Ask, alone: str) -> None:
    port = int(live.url.rpartition(":")[2])
    attempts = [
        wish("connect", family="AF_INET", host="192.0.2.1", port=80),  # reserved for documentation
        wish("connect", family="AF_INET", host="169.254.169.254", port=80),
        wish("connect", family="AF_INET", host="127.0.0.1", port=port),  # the site, on the host
        wish("connect", family="AF_INET6", host="2001:db8::1", port=80),
        wish("shout", host="192.0.2.1", port=53),
        wish("resolve", host="example.org"),
        wish("connect", family="AF_UNIX", host="/var/run/docker.sock", port=0),
        wish("connect", family="AF_UNIX", host="\0anything", port=0),
        wish("connect", family="AF_INET", host="127.0.0.1", port=9001),  # the way out of others
    ]

    interfaces, *answers = ask(alone, wish("network"), *attempts)

    assert interfaces == {"value": ["lo"]}
    for attempt, answer in zip(attempts, answers, strict=True):
        assert "error" in answer, attempt


def test_environment_holds_nothing_of_the_hosts(
    live: Site, ask: Ask, author: Person, caller: Person, alone: str
) -> None:
    [answer] = ask(alone, wish("environment"))
    found = answer["value"]

    assert found["ALGORITHMIA_API"] == "http://127.0.0.1:9000"
    everything = "\n".join(f"{name}={value}" for name, value in found.items())
    for secret in (live.environment["SECRET_KEY"], str(live.data_dir), author.key, caller.key):
        assert secret not in everything
    assert {"DATABASE_URL", "SECRET_KEY", "DATA_DIR", "REDIS_URL"}.isdisjoint(found)
    host = set(live.environment) - {"HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "USER", "SHELL"}
    assert {name for name in host & set(found) if live.environment[name] == found[name]} <= {
        "PYTHONUNBUFFERED", "PWD", "TERM",
    }  # fmt: skip
