"""Who may call what, from where, and how they say who they are."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from Algorithmia.errors import AlgorithmException

from tests.journeys.calling import call, made_key, new_key, records, signed_in, until
from tests.journeys.conftest import Numbered
from tests.live import Person, Site
from tests.python_client import connected

NO_KEY = b'{"error":{"message":"authorization required"}}'
CALLS: dict[str, Any] = {"allow_algo": True}


@pytest.fixture
def browser(live: Site, caller: Person) -> Iterator[httpx.Client]:
    with signed_in(live, caller) as browser:
        yield browser


def message_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    return str(answer.json()["error"]["message"])


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "nonsense",
        "Simple",
        "Simple simAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Basic eDp5",
        "Bearer run.x",
    ],
)
def test_missing_or_unknown_key_is_answered_in_the_words_clients_know(
    live: Site, echo: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = call(live, echo, "x", headers=headers)

    assert (answer.status_code, answer.content) == (200, NO_KEY)


def test_python_raises_what_it_always_raised_without_a_key(live: Site, echo: str) -> None:
    with connected(live.url, "") as client, pytest.raises(AlgorithmException) as refused:
        client.algo(echo).pipe("x")

    assert str(refused.value) == "'authorization required'"


def test_key_is_taken_bare_and_with_either_word_before_it(
    live: Site, caller: Person, echo: str
) -> None:
    for word in ("", "Simple ", "Bearer ", "simple ", "BEARER  "):
        answer = call(live, echo, "x", headers={"Authorization": f"{word}{caller.key}"})
        assert answer.json()["result"] == "x"


def test_restricted_key_calls_what_its_patterns_name(
    live: Site, author: Person, caller: Person, echo: str, numbered: Numbered
) -> None:
    def reached(*patterns: str) -> list[bool]:
        key = new_key(live, caller, allow_algo=True, algo_acl=list(patterns))
        answers = [call(live, path, 0, key=key).json() for path in (echo, numbered.path)]
        return ["result" in answer for answer in answers]

    assert reached(f"algo://{echo}") == [True, False]
    assert reached(f"algo://{echo.upper()}/*") == [True, False]
    assert reached(f"algo://{author.name}/*") == [True, True]
    assert reached(f"algo://{caller.name}/*", f"algo://{numbered.path}") == [False, True]
    assert reached() == [False, False]
    assert reached("algo://*") == [True, True]


def test_restricted_key_cannot_go_around_its_patterns_by_id(
    live: Site, caller: Person, echo: str, numbered: Numbered
) -> None:
    key = new_key(live, caller, allow_algo=True, algo_acl=[f"algo://{echo}"])

    assert "may not call" in message_of(call(live, numbered.uuid, 0, key=key))


def test_key_without_the_right_to_call_is_refused_by_name(
    live: Site, caller: Person, echo: str
) -> None:
    key = made_key(live, caller, allow_data=True)

    message = message_of(call(live, echo, 0, key=key["api_key"]))

    assert message == (
        f"{caller.name} may not call {echo} with the key “{key['key_label']}”, which allows: "
        "data:read. Nothing was charged."
    )


def test_revoked_key_is_refused_within_seconds(
    live: Site, caller: Person, browser: httpx.Client, echo: str
) -> None:
    key = made_key(live, caller, **CALLS)
    assert call(live, echo, "x", key=key["api_key"]).json()["result"] == "x"

    token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    revoked = browser.post(f"/keys/{key['id']}/revoke/", data=token)

    assert revoked.status_code == 302
    until(lambda: call(live, echo, "x", key=key["api_key"]).content == NO_KEY, seconds=20)


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'"a string"', "a string"),
        (b"just words", "just words"),
        (b"a=b&c=d", "a=b&c=d"),
        (b"3", 3),
    ],
)
def test_curl_without_a_content_type_is_understood(
    live: Site, caller: Person, echo: str, body: bytes, result: object
) -> None:
    form = "application/x-www-form-urlencoded"

    for kind in (form, f"{form}; charset=utf-8", ""):
        assert call(live, echo, body, key=caller.key, kind=kind).json()["result"] == result


def test_json_content_type_may_say_its_charset(live: Site, caller: Person, echo: str) -> None:
    body = json.dumps({"ü": "ü"}, ensure_ascii=False).encode()
    kind = "Application/JSON; charset=UTF-8"

    assert call(live, echo, body, key=caller.key, kind=kind).json()["result"] == {"ü": "ü"}


def test_input_that_is_not_what_it_says_is_refused_and_not_charged(
    live: Site, caller: Person, echo: str
) -> None:
    def refusal(body: bytes, kind: str) -> str:
        answer = call(live, echo, body, key=caller.key, kind=kind)
        assert answer.json()["error"]["error_type"] == "InputError"
        return message_of(answer)

    assert refusal(b"<a/>", "text/xml").startswith("unsupported Content-Type 'text/xml'")
    assert "does not read as JSON" in refusal(b'{"a": ', "application/json")
    assert "does not read as JSON" in refusal(b"", "application/json")
    assert "does not read as JSON" in refusal(b"hello", "application/json")
    assert "is not UTF-8" in refusal(b"\xff\xfe", "text/plain")
    assert "Nothing was charged." in refusal(b"\xff\xfe", "application/json")
    assert "is not valid JSON" in refusal(b'{"a": "' + b"x" * 100_000, "application/json")


def test_other_methods_than_post_are_refused(live: Site, caller: Person, echo: str) -> None:
    answer = httpx.get(f"{live.url}/v1/algo/{echo}", headers=caller.headers)

    assert message_of(answer) == "An algorithm is called with POST. Nothing was charged."


# From web pages


def test_browser_is_told_beforehand_that_it_may_call(live: Site, echo: str) -> None:
    headers = {
        "Origin": "https://shop.example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    answer = httpx.request("OPTIONS", f"{live.url}/v1/web/algo/{echo}", headers=headers)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example.org"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == (
        "authorization, content-type, max-cost, usage-tag"
    )
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_key_of_a_web_page_works_from_that_page_only(live: Site, caller: Person, echo: str) -> None:
    key = made_key(live, caller, allow_web_algo=True, referer_host="shop.example.org")

    def from_page(origin: str) -> httpx.Response:
        headers = {"Origin": origin} if origin else {}
        return call(live, echo, "x", key=key["api_key"], web=True, headers=headers)

    own = from_page("https://shop.example.org")
    assert own.json()["result"] == "x"
    assert own.headers["Access-Control-Allow-Origin"] == "https://shop.example.org"
    for other in ("https://evil.example.org", "https://shop.example.org.evil.example", "null"):
        assert message_of(from_page(other)) == (
            f"The key “{key['key_label']}” may be used from web pages of shop.example.org only. "
            "Nothing was charged."
        )
    assert message_of(from_page("")) == (
        f"The key “{key['key_label']}” is for web pages of shop.example.org, not for programs. "
        "Nothing was charged."
    )


def test_key_of_programs_is_refused_from_web_pages(live: Site, caller: Person, echo: str) -> None:
    key = new_key(live, caller, **CALLS)
    headers = {"Origin": "https://shop.example.org"}

    assert call(live, echo, "x", key=key, web=True).json()["result"] == "x"
    for is_web in (True, False):
        answer = call(live, echo, "x", key=key, web=is_web, headers=headers)
        assert message_of(answer).endswith("may not be used from web pages. Nothing was charged.")


def test_person_calls_from_our_own_pages_with_their_session(
    live: Site, caller: Person, browser: httpx.Client, echo: str
) -> None:
    address = f"/v1/web/algo/{echo}"
    for told in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": live.url}):
        answer = browser.post(address, json="x", headers=told)
        assert answer.json()["result"] == "x", caller.name


def test_session_does_not_count_for_the_pages_of_other_sites(
    browser: httpx.Client, echo: str
) -> None:
    sentence = "A session counts only for requests from this site's own pages."
    told: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {},
    ]

    for headers in told:
        assert message_of(browser.post(f"/v1/web/algo/{echo}", json=1, headers=headers)) == sentence
    outside = browser.post(f"/v1/algo/{echo}", json=1, headers={"Sec-Fetch-Site": "same-origin"})
    assert outside.content == NO_KEY


def test_visitor_runs_a_free_public_version_from_its_page(
    live: Site, echo: str, numbered: Numbered
) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}

    answer = call(live, echo, "x", web=True, headers=own).json()
    private = call(live, f"{numbered.path}/0.2.0", 0, web=True, headers=own)
    later = call(live, echo, "x", web=True, headers=own, output="void")

    assert answer["result"] == "x"
    [row] = until(lambda: records(live, "id = ?", id_of(answer)))
    assert (row["caller_id"], row["key_id"], row["result"]) == (None, None, "succeeded")
    assert (
        message_of(private) == f"Sign in or send an API key to call version {numbered.path}/0.2.0."
    )
    assert message_of(later) == f"Sign in or send an API key to leave a call {echo}."
    for told in ({"Sec-Fetch-Site": "cross-site"}, {}):
        assert call(live, echo, "x", web=True, headers=told).content == NO_KEY


def id_of(answer: dict[str, Any]) -> str:
    return uuid.UUID(answer["metadata"]["request_id"].removeprefix("req-")).hex
