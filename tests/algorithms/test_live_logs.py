"""A build's log over a real WebSocket of the real site: quick, resumable, and for the owner only."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.live import Person, Site


@pytest.fixture(scope="module")
def author(live: Site) -> Person:
    return live.person("log_author")


@pytest.fixture(scope="module")
def stranger(live: Site) -> Person:
    return live.person("log_stranger")


@pytest.fixture
def algorithm(live: Site, author: Person) -> str:
    name = f"A{uuid.uuid4().hex[:20]}"
    settings = {
        "source_visibility": "closed",
        "license": "apl",
        "network_access": "isolated",
        "pipeline_enabled": False,
    }
    body = {"name": name, "details": {"label": name}, "settings": settings}
    send(live, author, f"/v1/algorithms/{author.name}", body)
    return f"{author.name}/{name}"


def send(live: Site, author: Person, path: str, body: object) -> Any:
    response = httpx.post(live.url + path, headers=author.headers, json=body)
    assert response.status_code in (200, 201), response.text
    return response.json()


def cookies_of(live: Site, person: Person) -> str:
    """Sign in as a browser does."""
    with httpx.Client(base_url=live.url) as browser:
        browser.get("/sign_in/")
        form = {
            "login": person.name,
            "password": person.password,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        assert browser.post("/sign_in/", data=form).status_code == 302
        return f"sessionid={browser.cookies['sessionid']}; csrftoken={browser.cookies['csrftoken']}"


def start(live: Site, person: Person, algorithm: str) -> dict[str, Any]:
    cookies = cookies_of(live, person)
    token = cookies.rpartition("csrftoken=")[2]
    response = httpx.post(
        f"{live.url}/algorithms/{algorithm}/builds/",
        headers={"Cookie": cookies, "X-CSRFToken": token, "Accept": "application/json"},
    )
    assert response.status_code == 201, response.text
    return {**response.json(), "cookies": cookies}


def listening(live: Site, build: dict[str, Any], *, after: int = 0, **headers: str) -> Any:
    address = live.url.replace("http", "ws", 1) + f"{build['socket_url']}?after={after}"
    return connect(address, additional_headers={"Cookie": build["cookies"], **headers})


def frames(socket: ClientConnection) -> list[dict[str, Any]]:
    """Everything until the site closes the socket, and the code it closes with."""
    found: list[dict[str, Any]] = []
    while True:
        try:
            found.append(json.loads(socket.recv(timeout=240)) | {"at": time.time()})
        except ConnectionClosed:
            return [*found, {"code": socket.close_code}]


def ended(live: Site, build: dict[str, Any]) -> dict[str, Any]:
    """The build's JSON once it has ended."""
    headers = {"Cookie": build["cookies"], "Accept": "application/json"}
    deadline = time.monotonic() + 240
    while True:
        answer: dict[str, Any] = httpx.get(live.url + build["url"], headers=headers).json()
        if answer["finished_at"]:
            return answer
        assert time.monotonic() < deadline
        time.sleep(0.1)


def save(live: Site, author: Person, algorithm: str, code: str) -> None:
    path = f"src/{algorithm.partition('/')[2]}.py"
    send(live, author, f"/algorithms/{algorithm}/files/", {"changes": {path: code}})


def test_log_streams_resumes_and_ends_with_the_state(
    live: Site, author: Person, algorithm: str
) -> None:
    slow = "import time\n\ntime.sleep(1)\n\n\ndef apply(input):\n    return input\n"
    save(live, author, algorithm, slow)
    build = start(live, author, algorithm)
    with listening(live, build) as socket:
        *texts, last, closed = frames(socket)

    whole = "".join(frame["text"] for frame in texts)
    assert whole.startswith("Beginning container customization\n")
    assert texts[-1]["offset"] == last["offset"] == len(whole)
    assert (last["state"], last["error"], closed) == ("succeeded", "", {"code": 1000})
    assert len(texts) > 1

    with listening(live, build, after=10) as socket:
        resumed = frames(socket)
    assert "".join(frame.get("text", "") for frame in resumed) == whole[10:]
    assert resumed[-2]["state"] == "succeeded"

    log = httpx.get(f"{live.url}{build['log_url']}", headers={"Cookie": build["cookies"]})
    assert log.text == whole


def test_news_reaches_the_browser_within_300_milliseconds(
    live: Site, author: Person, algorithm: str
) -> None:
    late: list[float] = []
    while not late or (min(late) >= 0.3 and len(late) < 3):  # the machine may be busy just then
        build = start(live, author, algorithm)
        with listening(live, build) as socket:
            *_, last, _closed = frames(socket)
        finished = datetime.fromisoformat(ended(live, build)["finished_at"]).timestamp()
        late.append(last["at"] - finished)

    assert min(late) < 0.3


def test_strangers_and_other_sites_hear_nothing(
    live: Site, author: Person, stranger: Person, algorithm: str
) -> None:
    build = start(live, author, algorithm)
    other = build | {"cookies": cookies_of(live, stranger)}
    unknown = build | {"socket_url": f"/ws/builds/{uuid.uuid4()}/log/"}

    for asked in (other, unknown, build | {"cookies": ""}):
        with listening(live, asked) as socket:
            assert frames(socket) == [{"code": 4404}]
    with pytest.raises(InvalidStatus), listening(live, build, Origin="https://elsewhere.example"):
        pass
    with listening(live, build, Origin=live.url) as socket:
        assert frames(socket)[0]["text"]


def test_slow_listener_holds_up_no_build_and_misses_nothing(
    live: Site, author: Person, algorithm: str
) -> None:
    noisy = (
        "for number in range(20_000):\n    print('x' * 40)\n\n\ndef apply(input):\n    return 1\n"
    )
    save(live, author, algorithm, noisy)
    build = start(live, author, algorithm)

    with listening(live, build) as socket:
        assert ended(live, build)["state"] == "succeeded"
        seen = frames(socket)

    assert sum(len(frame.get("text", "")) for frame in seen) == seen[-2]["offset"]
    assert seen[-2]["offset"] > 41 * 20_000
