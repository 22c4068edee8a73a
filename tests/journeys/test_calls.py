"""The call as the predecessor's clients make it: values in and out, errors, versions, records."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest
from Algorithmia.algorithm import OutputType
from Algorithmia.errors import AlgorithmException

from tests.journeys.calling import call, record, until
from tests.journeys.conftest import Numbered
from tests.live import Person, Site

MIB = 1024 * 1024
RIGHT_TO_LEFT = "\u05e9\u05dc\u05d5\u05dd \u200f\u05e2\u05d5\u05dc\u05dd\u200e"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
TEXTS = ("", "hello", "größe 🦊", FAMILY, "a\x00b", RIGHT_TO_LEFT, '\u2028\r\n\t\\"', "\ufeff")
VALUES: tuple[object, ...] = (
    *(None, True, 0, -1.5, 10**15, [], {}, [1, [2, [3]]]),
    *({"ключ": "🙂", "": None}, "a json string" * 3, {"a": [{"b": False}]}),
)


def test_text_goes_in_and_comes_out_as_it_was(caller_client: Any, echo: str) -> None:
    answers = [caller_client.algo(echo).pipe(text) for text in TEXTS]

    assert [answer.result for answer in answers] == list(TEXTS)
    assert {answer.metadata.content_type for answer in answers} == {"text"}


def test_json_goes_in_and_comes_out_as_it_was(caller_client: Any, echo: str) -> None:
    values = [value for value in VALUES if not isinstance(value, str)]

    answers = [caller_client.algo(echo).pipe(value) for value in values]

    assert [answer.result for answer in answers] == values
    assert {answer.metadata.content_type for answer in answers} == {"json"}


def test_bytes_go_in_and_come_out_as_they_were(caller_client: Any, echo: str) -> None:
    contents = [b"", bytes(range(256)), bytearray(b"\xff\xfe\x00")]

    answers = [caller_client.algo(echo).pipe(content) for content in contents]

    assert [answer.result for answer in answers] == [bytes(content) for content in contents]
    assert {answer.metadata.content_type for answer in answers} == {"binary"}


def test_envelope_says_what_it_took(live: Site, caller: Person, echo: str) -> None:
    first = call(live, echo, "warm", key=caller.key)
    answer = call(live, echo, {"do": "sleep", "seconds": 0.2}, key=caller.key)

    assert first.status_code == answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    metadata = answer.json()["metadata"]
    assert re.fullmatch(r"req-[0-9a-f-]{36}", metadata["request_id"])
    assert metadata["content_type"] == "text"
    assert 0.2 <= metadata["duration"] < 60  # seconds
    assert metadata["cold"] is False
    assert metadata["version"] == "0.1.0"
    assert "stdout" not in metadata


def test_input_up_to_ten_mebibytes_is_taken(caller_client: Any, echo: str) -> None:
    big = bytes(9 * MIB)

    assert caller_client.algo(echo).pipe(big).result == big
    assert caller_client.algo(echo).pipe({"do": "measure", "text": "x" * 9 * MIB}).result == 9 * MIB


def test_larger_input_is_refused_and_says_what_to_do(
    live: Site, caller: Person, caller_client: Any, echo: str
) -> None:
    sentence = (
        "The input is over the limit of 10 MiB. Put it in a data collection and send its data:// "
        "address. Nothing was charged."
    )

    with pytest.raises(AlgorithmException) as refused:
        caller_client.algo(echo).pipe(bytes(10 * MIB + 1))
    raw = call(live, echo, bytes(10 * MIB + 1), key=caller.key, output="raw")

    assert (refused.value.message, refused.value.error_type) == (sentence, "InputError")
    assert raw.status_code == 413
    assert raw.json()["error"]["message"] == sentence
    assert caller_client.algo(echo).pipe("and on").result == "and on"


def test_answer_up_to_fifteen_megabytes_comes_back_and_a_larger_one_is_an_error(
    caller_client: Any, echo: str
) -> None:
    algorithm = caller_client.algo(echo)

    assert len(algorithm.pipe({"do": "fill", "length": 15_000_000}).result) == 15_000_000
    with pytest.raises(AlgorithmException) as refused:
        algorithm.pipe({"do": "fill", "length": 16 * MIB})
    assert refused.value.message == (
        "The result has 16,777,216 bytes; at most 15,728,640 can be returned. Put it into a file of "
        "a data collection and return its data:// address."
    )
    assert algorithm.pipe("and on").result == "and on"


def test_what_is_no_json_cannot_be_answered(caller_client: Any, echo: str) -> None:
    with pytest.raises(AlgorithmException) as failed:
        caller_client.algo(echo).pipe({"do": "object"})

    assert failed.value.error_type == "AlgorithmError"
    assert "object" in failed.value.message


@pytest.mark.parametrize(
    ("kind", "message", "error_type"),
    [
        ("exception", "The picture is empty.", "InputError"),
        ("named", "No such page.", "EntityNotFoundError"),
        ("attribute", "Line 3 is no number.", "ParsingError"),
        ("value", "größer als \x00 und \\ud800", "AlgorithmError"),
        ("exit", "The algorithm ended itself: exited with code 7.", "SystemExit"),
        ("gone", "The algorithm's process exited with code 9 during the call.", "SystemExit"),
    ],
)
def test_failure_of_the_algorithm_is_an_error_with_its_type(
    live: Site, caller: Person, echo: str, kind: str, message: str, error_type: str
) -> None:
    answer = call(live, echo, {"do": "fail", "kind": kind}, key=caller.key)

    assert answer.status_code == 200
    assert answer.json()["error"] == {
        "message": message,
        "error_type": error_type,
        "stacktrace": "",
        "stack_trace": "",
    }
    assert answer.json()["metadata"]["duration"] >= 0
    assert call(live, echo, "next", key=caller.key).json()["result"] == "next"


def test_only_who_may_see_the_source_sees_where_it_failed(
    author_client: Any, caller_client: Any, echo: str, numbered: Numbered
) -> None:
    def trace(client: Any, path: str, content: object) -> str:
        with pytest.raises(AlgorithmException) as failed:
            client.algo(path).pipe(content)
        return str(failed.value.stack_trace)

    assert "raise ValueError" in trace(author_client, echo, {"do": "fail"})
    assert trace(caller_client, echo, {"do": "fail"}) == ""
    assert 'raise ValueError("asked to")' in trace(caller_client, numbered.path, "fail")


def test_raw_output_is_the_bare_result(live: Site, caller: Person, echo: str) -> None:
    def raw(content: object, kind: str) -> tuple[int, str, bytes]:
        answer = call(live, echo, content, key=caller.key, kind=kind, output="raw")
        return answer.status_code, answer.headers["Content-Type"], answer.content

    text, json = "text/plain; charset=utf-8", "application/json; charset=utf-8"
    assert raw("größe".encode(), "text/plain") == (200, text, "größe".encode())
    assert raw({"a": [1]}, "application/json")[:2] == (200, json)
    assert raw(b"\xff\x00", "application/octet-stream") == (
        *(200, "application/octet-stream"),
        b"\xff\x00",
    )
    failed = call(live, echo, {"do": "fail", "kind": "named"}, key=caller.key, output="raw")
    assert failed.status_code == 400
    assert failed.json()["error"]["message"] == "No such page."


def test_python_takes_raw_output(caller_client: Any, echo: str) -> None:
    algorithm = caller_client.algo(echo).set_options(output=OutputType.raw)

    assert algorithm.pipe("bare") == "bare"


def test_call_nobody_waits_for_can_be_fetched_when_it_is_done(
    live: Site, author: Person, caller: Person, caller_client: Any, echo: str
) -> None:
    algorithm = caller_client.algo(echo).set_options(output=OutputType.void)

    accepted = algorithm.pipe({"do": "sleep", "seconds": 0.3})
    failing = algorithm.pipe({"do": "fail", "kind": "exception"})
    done = finished(live, caller, accepted.request_id)
    failed = finished(live, caller, failing.request_id)

    assert accepted.async_protocol == "void"
    assert done["request_id"] == done["metadata"]["request_id"] == accepted.request_id
    assert (len(done["result"]), done["metadata"]["content_type"]) == (32, "text")
    assert failed["error"]["message"] == "The picture is empty."
    assert "result" not in failed
    row = record(live, accepted.request_id)
    assert (row["result"], row["is_async"]) == ("succeeded", 1)
    stranger = fetched(live, author, accepted.request_id)
    assert (stranger[0], stranger[1]["error"]["code"]) == (404, 7000)
    assert fetched(live, caller, "req-nonsense")[0] == 404


def fetched(site: Site, person: Person, request_id: str) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(f"{site.url}/v1/requests/{request_id}", headers=person.headers, timeout=30)
    return answer.status_code, answer.json()


def finished(site: Site, person: Person, request_id: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        status, answer = fetched(site, person, request_id)
        assert status == 200, answer
        return answer if answer["status"] == "done" else None

    return until(done, seconds=60) or {}


def test_timeout_ends_the_call_and_the_next_one_is_answered(
    live: Site, caller_client: Any, echo: str
) -> None:
    algorithm = caller_client.algo(echo)
    began = time.monotonic()

    with pytest.raises(AlgorithmException) as late:
        algorithm.set_options(timeout=1).pipe({"do": "sleep", "seconds": 250})
    took = time.monotonic() - began

    assert late.value.error_type == "TimeoutError"
    assert late.value.message == "The algorithm did not answer within 1 seconds."
    assert took < 200
    assert caller_client.algo(echo).pipe("next").result == "next"


@pytest.mark.parametrize("timeout", ["0", "-1", "3001", "soon", "nan", "inf"])
def test_timeout_that_is_none_is_refused(
    live: Site, caller: Person, echo: str, timeout: str
) -> None:
    answer = call(live, echo, "x", key=caller.key, timeout=timeout)

    assert answer.status_code == 200
    message = f"timeout is a number of seconds up to 3000, not {timeout!r}. Nothing was charged."
    assert answer.json()["error"]["message"] == message


def test_only_the_owner_sees_what_was_printed(
    author_client: Any, caller_client: Any, echo: str
) -> None:
    wish = {"do": "print", "text": "größe"}

    own = author_client.algo(echo).set_options(stdout=True).pipe(wish)
    silent = author_client.algo(echo).set_options(stdout=False).pipe(wish)
    others = caller_client.algo(echo).set_options(stdout=True).pipe(wish)

    assert own.metadata.stdout == "printed: größe\n"
    assert (silent.metadata.stdout, others.metadata.stdout) == (None, None)


def test_version_forms_lead_to_the_version_they_name(
    live: Site, author: Person, caller: Person, numbered: Numbered
) -> None:
    def answer(version: str, person: Person) -> object:
        path = f"{numbered.path}/{version}".removesuffix("/")
        body = call(live, path, 0, key=person.key).json()
        return body.get("result", body.get("error", {}).get("message"))

    public = ("", "latest", "0.1", "0.1.*", "0.1.x", "0", "0.*", "0.1.1")
    not_found = f"algorithm algo://{numbered.path}/{{}} not found"
    hashes = {f"hash {number}": commit for number, commit in enumerate(numbered.commits, 1)}

    assert {form: answer(form, caller) for form in public} == dict.fromkeys(public, 2)
    assert {form: answer(form, author) for form in public} == dict.fromkeys(public, 2)
    assert answer("0.1.0", caller) == 1
    assert (answer("0.2.0", author), answer("latestPrivate", author)) == (3, 3)
    assert [answer(commit, author) for commit in hashes.values()] == [1, 2, 3, 4]
    for form in ("0.2", "0.2.*", "1", "9.9.9", "0" * 40):
        assert answer(form, author) == not_found.format(form)
    for form in ("latestPrivate", "0.2.0", *numbered.commits):
        assert "may not call" in str(answer(form, caller))
    assert "is no version" in str(answer("newest", caller))


def test_algorithm_can_be_called_by_its_id(live: Site, caller: Person, numbered: Numbered) -> None:
    assert call(live, numbered.uuid, 0, key=caller.key).json()["result"] == 2
    assert call(live, f"{numbered.uuid}/0.1.0", 0, key=caller.key).json()["result"] == 1


def test_slash_at_the_end_changes_nothing(live: Site, caller: Person, numbered: Numbered) -> None:
    for path in (f"{numbered.path}/", f"{numbered.path}/0.1.1/", f"{numbered.uuid}/"):
        assert call(live, path, 0, key=caller.key).json()["result"] == 2


@pytest.mark.parametrize("path", ["nobody/nothing", "journey_author/nothing"])
def test_unknown_algorithm_is_said_in_the_words_clients_know(
    live: Site, caller: Person, caller_client: Any, author: Person, path: str
) -> None:
    with pytest.raises(AlgorithmException) as unknown:
        caller_client.algo(path).pipe(1)

    assert author.name == "journey_author"
    assert unknown.value.message == f"algorithm algo://{path} not found"


def test_what_is_no_call_is_refused_with_a_sentence(live: Site, caller: Person) -> None:
    for path in ("justone", "a/b/c/d", ""):
        answer = call(live, path, 0, key=caller.key)
        assert "is no algorithm: write owner/name" in answer.json()["error"]["message"]
    answer = call(live, "a/b", 0, key=caller.key, output="strange")
    assert (
        answer.json()["error"]["message"] == "output is default, raw or void. Nothing was charged."
    )


def test_record_of_a_call_says_who_what_and_how_long(
    live: Site, author: Person, caller: Person, echo: str
) -> None:
    wish = {"do": "sleep", "seconds": 0.25}
    good = call(live, echo, wish, key=caller.key).json()["metadata"]["request_id"]
    bad = call(live, echo, {"do": "fail", "kind": "exception"}, key=caller.key).json()
    bare = call(live, f"{echo}/0.1.0", b"\xff", key=author.key, kind="application/octet-stream")

    row = record(live, good)
    failed = record(live, bad["metadata"]["request_id"])
    other = record(live, bare.json()["metadata"]["request_id"])

    assert (row["result"], row["output_kind"], row["output_bytes"]) == ("succeeded", "text", 32)
    assert row["input_bytes"] == len('{"do": "sleep", "seconds": 0.25}')
    assert 250_000 <= row["run_us"] <= row["total_us"]
    assert row["root_id"] == row["id"]
    assert (row["parent_id"], row["depth"], row["is_async"]) == (None, 0, 0)
    assert (failed["result"], failed["error_type"]) == ("failed", "InputError")
    assert failed["error_message"] == "The picture is empty."
    assert row["version_id"] == failed["version_id"] == other["version_id"]
    assert row["caller_id"] == failed["caller_id"] != other["caller_id"]
    assert other["input_bytes"] == 1
