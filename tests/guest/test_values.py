"""What goes in and what comes out: types, encodings, limits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.guest.harness import PYTHONS, Guest

ECHO = "def apply(input):\n    return input\n"
TYPE = "def apply(input):\n    return type(input).__name__\n"


@pytest.mark.parametrize("version", PYTHONS)
def test_every_python_loads_and_answers(start: Callable[..., Guest], version: str) -> None:
    one = start(
        {"src/__init__.py": "", "src/Hello.py": f"print('once')\n{ECHO}"},
        with_python=PYTHONS[version],
    )

    report = one.load()
    answers = [one.call({"a": [1, 2.5, None, True, "é"]}) for _ in range(3)]

    assert one.hello["python"].startswith(f"{version}.")
    assert report.stdout == "once\n"
    assert [answer.body for answer in answers] == ['{"a":[1,2.5,null,true,"é"]}'.encode()] * 3
    assert [answer.stdout for answer in answers] == [""] * 3


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        ("json", b'{"a": 1}', "dict"),
        ("json", b"[1]", "list"),
        ("json", b'"text"', "str"),
        ("json", b"7", "int"),
        ("json", b"7.5", "float"),
        ("json", b"true", "bool"),
        ("json", b"null", "NoneType"),
        ("json", b'\xef\xbb\xbf{"a": 1}', "dict"),
        ("text", b'{"a": 1}', "str"),
        ("binary", b'{"a": 1}', "bytes"),
        ("void", b"", "NoneType"),
    ],
)
def test_input_arrives_as_the_type_its_kind_names(
    guest: Callable[..., Guest], kind: str, body: bytes, name: str
) -> None:
    assert guest(TYPE).call(body, kind=kind).value == name


@pytest.mark.parametrize(
    ("expression", "kind", "body"),
    [
        ("'grüße'", "text", "grüße".encode()),
        ("''", "text", b""),
        ("b'\\x00\\xff'", "binary", b"\x00\xff"),
        ("bytearray(b'ab')", "binary", b"ab"),
        ("None", "json", b"null"),
        ("True", "json", b"true"),
        ("{'b': 1, 'a': (1, 2)}", "json", b'{"b":1,"a":[1,2]}'),
        ("{1: 'x', None: 'y'}", "json", b'{"1":"x","null":"y"}'),
        ("'\\U0001F600'", "text", "😀".encode()),
        ("['\\U0001F600']", "json", '["😀"]'.encode()),
    ],
)
def test_result_leaves_as_its_type_says(
    guest: Callable[..., Guest], expression: str, kind: str, body: bytes
) -> None:
    answer = guest(f"def apply(input):\n    return {expression}\n").call()

    assert (answer.header["kind"], answer.body) == (kind, body)


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        ("json", b"{", "The input is not valid JSON: Expecting property name"),
        ("json", b"", "The input is not valid JSON: Expecting value"),
        ("json", b"NaN", "The input is not valid JSON: it contains NaN."),
        ("json", b"[" * 100_000, "The input is JSON that is nested too deeply."),
        ("json", b'"\xff"', "The input is not valid JSON: byte 1 is not UTF-8."),
        ("text", b"abc\xff", "The input is not valid text: byte 3 is not UTF-8."),
    ],
)
def test_malformed_input_is_the_callers_error_and_apply_is_not_run(
    guest: Callable[..., Guest], kind: str, body: bytes, sentence: str
) -> None:
    one = guest("def apply(input):\n    print('ran')\n")

    answer = one.call(body, kind=kind)

    assert answer.error_type == "InputError"
    assert answer.message.startswith(sentence)
    assert (answer.stacktrace, answer.stdout) == ("", "")
    assert one.call(1).stdout == "ran\n"


@pytest.mark.parametrize(
    ("setup", "expression", "sentence"),
    [
        ("", "{1, 2}", "an object of type set, which JSON does not know; return list(...) of it."),
        ("", "[b'x']", "an object of type bytes, which JSON does not know; return bytes alone"),
        ("import datetime", "datetime.date(2020, 1, 1)", "type datetime.date, which JSON does"),
        ("", "[float('nan')]", "The result contains NaN or Infinity, which JSON does not know"),
        ("", "{(1, 2): 3}", "The result cannot be said in JSON: key"),
        ("x = []; x.append(x)", "x", "The result contains itself, which JSON cannot say."),
        ("class Own: pass", "Own()", "type src.Hello.Own, which JSON does not know; return dicts"),
        ("", "(i for i in [])", "type generator, which JSON does not know; return list(...)"),
        ("", "'\\ud800'", "contains half a character (U+D800, a lone surrogate)"),
        ("", "['\\ud800']", "contains half a character (U+D800, a lone surrogate)"),
        ("class Bad:\n  def __repr__(self): return repr(self)", "[Bad()]", "type src.Hello.Bad"),
        ("x = []\nfor _ in range(100000): x = [x]", "x", "The result is nested"),
        ("x = []\nfor _ in range(600): x = {'[': x}", "x", "The result is nested"),
    ],
)
def test_result_that_cannot_be_sent_is_the_authors_error(
    guest: Callable[..., Guest], setup: str, expression: str, sentence: str
) -> None:
    one = guest(f"{setup}\ndef apply(input):\n    return {expression} if input else 'fine'\n")

    answer = one.call(1)

    assert answer.error_type == "AlgorithmError"
    assert sentence in answer.message
    assert one.call(0).value == "fine"


def test_brackets_in_strings_and_many_small_objects_are_not_depth(
    guest: Callable[..., Guest],
) -> None:
    one = guest("def apply(input):\n    return [{'a': ['[{\"]' * 3]}] * 5000 + ['[' * 5000]\n")

    assert len(one.call().value) == 5001


def test_numpy_numbers_are_named_with_advice(guest: Callable[..., Guest]) -> None:
    one = guest("""
        class float32: pass
        float32.__module__ = "numpy"
        def apply(input):
            return {"score": float32()}
        """)

    assert one.call().message == (
        "The result contains an object of type numpy.float32, which JSON does not know;"
        " turn it into a plain number first: float(x), int(x), bool(x) or x.item()."
    )


def test_result_over_the_limit_is_refused_and_the_next_call_is_answered(
    guest: Callable[..., Guest],
) -> None:
    one = guest("def apply(input):\n    return 'x' * input\n", output=1000)

    answer = one.call(1001)

    assert answer.error_type == "TooLargeError"
    assert "has 1,001 bytes; at most 1,000" in answer.message
    assert one.call(1000).value == "x" * 1000


def test_ten_megabytes_pass_in_and_out(guest: Callable[..., Guest]) -> None:
    data = bytes(range(256)) * 40_000

    assert guest(ECHO).call(data, kind="binary").body == data
