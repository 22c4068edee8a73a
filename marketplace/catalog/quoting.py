"""A JSON value as each language writes it; static/js/quoting.js does the same in the browser."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Final

import orjson


def written(sample_input: str, quoting: str) -> str:
    """The input as a literal of a language; text that is no JSON counts as a string."""
    try:
        value: object = orjson.loads(sample_input or '""')
    except orjson.JSONDecodeError:
        value = sample_input
    if quoting == "python":
        return repr(value)
    text = json.dumps(value, ensure_ascii=False)
    return _WAYS.get(quoting, str)(text)


def _double(text: str) -> str:
    """A string of Go, Java, C# and R, which escape as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def _single(text: str) -> str:
    """A string of PHP and Ruby in which nothing but these two means anything."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _rust(text: str) -> str:
    fence = _fence(text)
    return f'r{fence}"{text}"{fence}'


def _swift(text: str) -> str:
    fence = _fence(text)
    return f'{fence}"{text}"{fence}'


def _fence(text: str) -> str:
    """One # more than follow any quote or backslash in the text."""
    runs = [len(found) for found in re.findall(r'["\\](#*)', text)]
    return "#" * (max(runs, default=0) + 1)


_WAYS: Final[dict[str, Callable[[str], str]]] = {
    "shell": shlex.quote,
    "double": _double,
    "single": _single,
    "rust": _rust,
    "swift": _swift,
}
