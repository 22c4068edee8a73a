"""A web app's own pages on an origin of its own: opened with a browser, asked with a key, attacked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.e2e.pages import ARGUMENTS, LOADING, new_page
from tests.journeys.authoring import build, publish, write
from tests.journeys.calling import record, signed_in, until
from tests.live import Person, Site

APP = """
import hashlib, json, os, time, urllib.error, urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

def ask(path):
    try:
        urllib.request.urlopen(os.environ["ALGORITHMIA_API"] + "/v1/algo/" + path, b"1").close()
        return 200
    except urllib.error.HTTPError as error:
        return error.code

def app(environ, start):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path == "/large":
        start("200 OK", [("Content-Type", "application/octet-stream")])
        return (b"x" * 65536 for _ in range(160))
    if path == "/hash":
        length = int(environ["CONTENT_LENGTH"])
        digest = hashlib.sha256()
        while length:
            piece = environ["wsgi.input"].read(min(65536, length))
            digest.update(piece)
            length -= len(piece)
        start("201 Created", [("Content-Type", "text/plain"), ("ETag", "W/1")])
        return [digest.hexdigest().encode()]
    if path == "/slowly":
        def pieces():
            yield b"first\\n"
            time.sleep(60)
        start("200 OK", [("Content-Type", "text/event-stream")])
        return pieces()
    if path == "/move":
        start("302 Found", [("Location", "http://127.0.0.1:8080/moved?x=1")])
        return []
    if path == "/fail":
        start("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"broken"]
    if path == "/call":
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps([ask(query) for _ in range(5)]).encode()]
    if path == "/die":
        os._exit(3)
    headers = [
        ("Content-Type", "application/json"),
        ("Set-Cookie", "tasty=1; Domain=localhost; Path=/"),
        ("Set-Cookie", "agorithm_visit=stolen; Path=/"),
        ("Clear-Site-Data", '"cookies"'),
        ("X-Own", "kept"),
    ]
    start("200 OK", headers)
    seen = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
    body = {"method": environ["REQUEST_METHOD"], "path": path, "query": query, "headers": seen}
    return [json.dumps(body).encode()]

class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass

make_server("0.0.0.0", int(os.environ["PORT"]), app, handler_class=Quiet).serve_forever()
"""
APPLY = "def apply(input):\n    return input\n"
SIX_CENTS = 600 * 1_000_000
PAGE = {"Accept": "text/html"}
FILES: dict[str, object] = {"Procfile": "web: python app.py\n", "app.py": APP}


class Origin:
    """What a browser or a program can ask of an app's origin."""

    def __init__(self, site: Site, label: str) -> None:
        self.host = f"{label}.localhost:{httpx.URL(site.url).port}"
        self.url = f"http://{self.host}"
        self._site = site

    def ask(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        headers = {"Host": self.host, **more.pop("headers", {})}
        cookies = more.pop("cookies", {})
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return httpx.request(method, self._site.url + path, headers=headers, timeout=60, **more)


@pytest.fixture(scope="module")
def path(live: Site, author: Person, author_client: Any) -> str:
    """An app with two public versions: 0.1.0 costs a royalty, the newest none and may call it."""
    written = write(author_client, live, author, APPLY, files=FILES)
    publish(author_client, written.path, sample='"hello"', royalty_microcredits=SIX_CENTS)
    build(author_client, live, author, written.path, {"notes.txt": "again"})
    terms: dict[str, Any] = {"royalty_microcredits": 0, "pipeline_enabled": True}
    publish(author_client, written.path, sample='"hello"', part="major", **terms)
    return written.path


@pytest.fixture(scope="module")
def origin(live: Site, path: str) -> Origin:
    return Origin(live, label(path))


def label(path: str) -> str:
    return path.lower().replace("_", "-").replace("/", "--")


def visit(site: Site, origin: Origin, browser: httpx.Client, budget: str = "1000000") -> str:
    """Let the signed-in browser in; give its cookie at the app."""
    sent = origin.ask("/deep?x=1", headers=PAGE)
    state = sent.cookies["agorithm_opening"]
    asked = browser.get(sent.headers["location"])
    assert asked.status_code == 200, asked.text
    form = {"budget": budget, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    allowed = browser.post(sent.headers["location"], data=form)
    place = httpx.URL(allowed.headers["location"])
    assert place.netloc.decode() == origin.host
    entered = origin.ask(place.raw_path.decode(), headers=PAGE, cookies={"agorithm_opening": state})
    assert entered.headers["location"] == f"{origin.url}/deep?x=1"
    return entered.cookies["agorithm_visit"]


def test_program_with_a_key_reaches_every_path_and_method(
    live: Site, caller: Person, origin: Origin, path: str
) -> None:
    key = caller.headers
    dear = Origin(live, f"0-1-0--{label(path)}")
    upload = bytes(range(256)) * 20_000

    hashed = origin.ask("/hash", "PUT", content=upload, headers=key)
    large = origin.ask("/large", headers=key)
    head = origin.ask("/any", "HEAD", headers=key)
    odd = origin.ask("/a%20b//c?x=%2F&y", "PROPFIND", headers=key).json()
    moved = origin.ask("/move", headers=key)
    failed = origin.ask("/fail", headers=key)
    too_dear = dear.ask("/any", headers={**key, "Max-Cost": "0.01"})

    assert (hashed.status_code, hashed.headers["etag"]) == (201, "W/1")
    assert hashed.text == hashlib.sha256(upload).hexdigest()
    assert (len(large.content), set(large.content)) == (160 * 65536, {ord("x")})
    assert (head.status_code, head.content, head.headers["x-own"]) == (200, b"", "kept")
    assert (odd["method"], odd["path"], odd["query"]) == ("PROPFIND", "/a b//c", "x=%2F&y")
    assert (moved.status_code, moved.headers["location"]) == (302, f"{origin.url}/moved?x=1")
    assert (failed.status_code, failed.text) == (503, "broken")
    assert too_dear.status_code == 402
    metered = record(live, hashed.headers["x-request-id"])
    assert (metered["result"], metered["input_bytes"], metered["output_bytes"]) == (
        "succeeded",
        len(upload),
        64,
    )
    assert metered["price_microcredits"] > 0
    address = f"{live.url}/v1/receipts/{hashed.headers['x-request-id']}"
    assert until(lambda: hashed.text in httpx.get(address, headers=key).text)
    assert record(live, failed.headers["x-request-id"])["error_message"] == "The app answered 503."


def test_nothing_of_the_platform_gets_in_and_nothing_beyond_its_origin_out(
    caller: Person, origin: Origin
) -> None:
    sent = {
        **caller.headers,
        "Cookie": "own=1; agorithm_visit=x; __Host-agorithm_visit=y; b=2",
        "Connection": "close, X-Hop",
        "X-Hop": "1",
        "X-Forwarded-Host": "evil.example",
        "X_Forwarded_Proto": "gopher",
        "Forwarded": "for=6.6.6.6",
        "X-Real-Ip": "6.6.6.6",
        "X-Custom": "kept",
    }

    answer = origin.ask("/", headers=sent)

    seen = answer.json()["headers"]
    assert seen.pop("X_REQUEST_ID") == answer.headers["x-request-id"]
    assert {
        name: seen[name] for name in seen if name not in ("ACCEPT", "ACCEPT_ENCODING", "USER_AGENT")
    } == {
        "HOST": origin.host,
        "COOKIE": "own=1; b=2",
        "CONNECTION": "close",
        "X_FORWARDED_FOR": "127.0.0.1",
        "X_FORWARDED_HOST": origin.host,
        "X_FORWARDED_PROTO": "http",
        "X_CUSTOM": "kept",
    }
    assert answer.headers.get_list("set-cookie") == ["tasty=1; Path=/"]
    assert "clear-site-data" not in answer.headers


def test_stranger_without_key_or_visit_gets_nowhere(live: Site, origin: Origin) -> None:
    program = origin.ask("/", "POST")
    person = origin.ask("/x?y", headers=PAGE)
    ours = origin.ask("/.agorithm/enter?code=guessed", headers=PAGE)
    site = origin.ask("/healthz", headers={"Authorization": "Simple nothing"})
    nobody = Origin(live, "no-such-app").ask("/sign_in/", headers=PAGE)

    assert (program.status_code, program.json()["error"]["code"]) == (401, "not_signed_in")
    assert person.status_code == 303
    assert person.headers["location"].startswith(f"{live.url}/algorithms/open/?app=")
    assert "HttpOnly; SameSite=Lax" in person.headers["set-cookie"]
    assert ours.status_code == 403
    assert site.status_code == 401
    assert nobody.status_code == 404
    assert "csrf" not in nobody.text


def test_visit_is_of_one_browser_one_origin_and_its_own_pages(
    live: Site, caller: Person, origin: Origin, path: str
) -> None:
    other = Origin(live, f"0-1-0--{label(path)}")
    with signed_in(live, caller) as browser:
        cookies = {"agorithm_visit": visit(live, origin, browser)}
        own = origin.ask("/page", cookies=cookies, headers={"Sec-Fetch-Site": "same-origin"})
        forged = origin.ask(
            "/page", "POST", cookies=cookies, headers={"Sec-Fetch-Site": "same-site"}
        )
        old_browser = origin.ask(
            "/page", "POST", cookies=cookies, headers={"Origin": "http://evil.localhost"}
        )
        elsewhere = other.ask("/page", cookies=cookies)

        sent = origin.ask("/", headers=PAGE)
        form = {"budget": "1000000", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        allowed = browser.post(sent.headers["location"], data=form).headers["location"]
        enter = httpx.URL(allowed).raw_path.decode()
        victim = origin.ask(enter, headers=PAGE, cookies={"agorithm_opening": "another"})
        right = {"agorithm_opening": sent.cookies["agorithm_opening"]}
        first = origin.ask(enter, headers=PAGE, cookies=right)
        again = origin.ask(enter, headers=PAGE, cookies=right)

        browser.post("/sign_out/")
        afterwards = origin.ask("/page", cookies=cookies, headers={"Sec-Fetch-Site": "none"})

    assert own.status_code == 200
    assert "COOKIE" not in own.json()["headers"]
    assert [forged.status_code, old_browser.status_code] == [403, 403]
    assert elsewhere.status_code == 401
    assert [victim.status_code, first.status_code, again.status_code] == [403, 303, 403]
    assert afterwards.status_code == 401


def test_visit_costs_no_more_than_the_person_has_allowed(
    live: Site, caller: Person, path: str
) -> None:
    dear = Origin(live, f"0-1-0--{label(path)}")
    with signed_in(live, caller) as browser:
        cookies = {"agorithm_visit": visit(live, dear, browser, budget="100000")}
        ask: dict[str, Any] = {"cookies": cookies, "headers": {"Sec-Fetch-Site": "same-origin"}}
        first, second = dear.ask("/page", **ask), dear.ask("/page", **ask)
    charged = record(live, first.headers["x-request-id"])

    assert first.status_code == 200
    assert charged["price_microcredits"] > SIX_CENTS
    assert second.status_code == 402
    assert "What you allowed this visit to cost is used up." in second.json()["error"]["message"]


def test_what_an_app_calls_for_its_visitor_is_bounded_by_the_visit_as_well(
    live: Site, path: str, origin: Origin
) -> None:
    own: dict[str, Any] = {"headers": {"Sec-Fetch-Site": "same-origin"}}
    with signed_in(live, live.person("visitor_of_a_caller")) as browser:
        told = browser.get(origin.ask("/", headers=PAGE).headers["location"]).text
        small = {"agorithm_visit": visit(live, origin, browser, budget="100000")}
        refused = origin.ask(f"/call?{path}/0.1.0", cookies=small, **own)
        still = [origin.ask("/page", cookies=small, **own).status_code for _ in range(6)]
        large = {"agorithm_visit": visit(live, origin, browser)}
        part = origin.ask(f"/call?{path}/0.1.0", cookies=large, **own)
        idle = [origin.ask("/page", cookies=large, **own).status_code for _ in range(6)]
        again = until(lambda: 200 in origin.ask(f"/call?{path}/0.1.0", cookies=large, **own).json())

    assert "what other algorithms cost that it calls for you" in told
    assert refused.json() == [402] * 5
    assert still == [200] * 6
    assert part.json() == [200, 200, 200, 200, 402]
    assert idle == [200] * 6
    assert again


def test_app_that_dies_or_loses_its_caller_is_told_and_started_again(
    live: Site, caller: Person, origin: Origin
) -> None:
    died = origin.ask("/die", headers=caller.headers)
    with httpx.stream(
        "GET", f"{live.url}/slowly", headers={"Host": origin.host, **caller.headers}, timeout=60
    ) as slow:
        first = next(slow.iter_lines())
    left = record(live, slow.headers["x-request-id"])
    well = origin.ask("/", headers=caller.headers)

    assert died.status_code == 502
    assert "closed the connection" in died.json()["error"]["message"]
    assert first == "first"
    assert left["result"] == "cancelled"
    assert well.status_code == 200


def test_sockets_of_apps_are_refused_and_algorithms_have_no_pages(
    live: Site, caller: Person, origin: Origin, echo: str
) -> None:
    port = httpx.URL(live.url).port
    refused = []
    for host, headers in ((origin.host, {}), (f"127.0.0.1:{port}", {"Origin": origin.url})):
        with pytest.raises(InvalidStatus) as caught:
            connect(f"ws://{host}/ws/notifications/", sock=dial(port), additional_headers=headers)
        refused.append(caught.value.response.status_code)

    plain = Origin(live, label(echo)).ask("/", headers=caller.headers)

    assert refused == [501, 501]
    assert plain.status_code == 404
    assert "has no pages" in plain.text


def dial(port: int | None) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port or 0))


def test_person_opens_the_app_from_its_page_and_imports_a_folder_of_their_own(
    live: Site, caller: Person, path: str, origin: Origin, tmp_path: Path
) -> None:
    folder = tmp_path / "adder"
    (folder / "model").mkdir(parents=True)
    (folder / "Procfile").write_text("web: python app.py\n")
    (folder / "app.py").write_text(APP)
    (folder / "model" / "gewichte-\u00fc.bin").write_bytes(bytes(range(256)))
    name = f"I{uuid.uuid4().hex[:12]}"
    with browsing(live, caller, f"/algorithms/{path}/") as page:
        page.get_by_role("link", name="Open the app").click()
        page.get_by_role("button", name="Open the app").click()
        page.wait_for_url(f"{origin.url}/")
        shown = json.loads(page.locator("body").inner_text())
        told = page.evaluate("document.cookie")
        account = json.dumps(f"{live.url}/notifications/")
        stolen = page.evaluate(f"fetch({account}).then(() => 'read', () => 'kept from it')")
        page.goto(f"{live.url}/algorithms/import/")
        page.locator("input[webkitdirectory]").set_input_files(folder)
        page.get_by_text("3 files are ready to be sent.").wait_for()
        page.locator("[name=name]").fill(name)
        page.get_by_role("button", name="Import", exact=True).click()
        page.get_by_role("link", name="Watch its build").wait_for()
        contract = page.locator(".notice[role=status]").inner_text()
    files = f"{live.url}/algorithms/{caller.name}/{name}/files/"
    kept = httpx.get(files, headers=caller.headers).json()["files"]

    assert shown["path"] == "/"
    assert "COOKIE" not in shown["headers"]
    assert told == "tasty=1"
    assert stolen == "kept from it"
    assert contract.endswith("Contract: web")
    assert {one["path"]: one["size"] for one in kept} == {
        "Procfile": 19,
        "app.py": len(APP),
        "model/gewichte-\u00fc.bin": 256,
    }


@contextlib.contextmanager
def browsing(site: Site, person: Person, place: str) -> Iterator[Page]:
    """A page of a real browser, signed in and at that place."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    with sync_playwright() as playwright:
        playwright.selectors.register("loading", LOADING)
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = new_page(chromium)
        page.goto(f"{site.url}/sign_in/?next={place}")
        page.locator("[name=login]").fill(person.name)
        page.locator("[name=password]").fill(person.password)
        page.locator("main button.button").first.click()
        yield page
        chromium.close()
