"""TEST_CASES.json: what an author promises of the code, tried on each build before it counts.

The file is the one the predecessor's continuous integration reads: a list of objects with
`case_name`, `input`, `expected_output`, `type` and perhaps `tree`, the way to the part of the
result that is compared.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import orjson
from django.utils.translation import gettext as _

from marketplace.lib.errors import BadInput
from runners.errors import BuildFailed, PlatformFault
from runners.specs import Kind, Outcome

FILE: Final = "TEST_CASES.json"
MOST_CASES: Final = 100
MOST_BYTES: Final = 5 * 1024 * 1024
SHOWN: Final = 200

Call = Callable[[Kind, bytes], Outcome]


class Rule(StrEnum):
    """How a result is compared with what was expected."""

    EXACT_MATCH = "EXACT_MATCH"
    GREATER_OR_EQUAL = "GREATER_OR_EQUAL"
    LESS_OR_EQUAL = "LESS_OR_EQUAL"
    NO_EXCEPTION = "NO_EXCEPTION"
    EXCEPTION = "EXCEPTION"


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    rule: Rule
    input: Any
    expected: Any
    tree: tuple[str | int, ...] = ()

    @property
    def as_sent(self) -> tuple[Kind, bytes]:
        return as_sent(self.input)


def read(tree: Path) -> list[Case]:
    """The cases of a checkout; none if it has no such file."""
    path = tree / FILE
    if not path.is_file():
        return []
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(
            _("%(file)s has more than %(most)s MiB.")
            % {"file": FILE, "most": MOST_BYTES // 1024**2}
        )
    try:
        given = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise BadInput(
            _("%(file)s is not JSON: %(error)s.") % {"file": FILE, "error": error}
        ) from None
    if not isinstance(given, list) or len(given) > MOST_CASES:
        raise BadInput(
            _("%(file)s is a list of %(most_cases)s cases at most.")
            % {"file": FILE, "most_cases": MOST_CASES}
        )
    return [_case(number, one) for number, one in enumerate(given, start=1)]


def tried(cases: list[Case], call: Call) -> Iterator[str]:
    """Run them in their order, yielding a line of the log each; BuildFailed at the first that fails."""
    for case in cases:
        outcome = call(*case.as_sent)
        failure = outcome.failure
        if failure is not None and failure.is_platform_fault:
            raise PlatformFault(f"Test case “{case.name}” could not be tried: {failure.message}")
        problem = _problem(case, outcome)
        if problem:
            raise BuildFailed(f"Test case “{case.name}” failed: {problem}")
        yield f"Test case “{case.name}”: as expected"


def as_sent(value: Any) -> tuple[Kind, bytes]:  # noqa: ANN401 - any JSON
    """As the predecessor's client sends it: a string is text, all else JSON."""
    if isinstance(value, str):
        return Kind.TEXT, value.encode()
    return Kind.JSON, orjson.dumps(value)


def result_of(outcome: Outcome) -> Any:  # noqa: ANN401 - any JSON
    """What was answered; bytes in base64."""
    if outcome.kind is Kind.JSON:
        return orjson.loads(outcome.body)
    if outcome.kind is Kind.BINARY:
        return base64.b64encode(outcome.body).decode()
    return outcome.body.decode(errors="replace")


def _case(number: int, given: Any) -> Case:  # noqa: ANN401 - JSON of a stranger
    if not isinstance(given, dict) or not isinstance(given.get("case_name"), str):
        raise BadInput(
            _("Case %(number)s of %(file)s is an object with a case_name.")
            % {"number": number, "file": FILE}
        )
    name = given["case_name"][:100]
    kind = given.get("type", Rule.EXACT_MATCH)
    if kind not in set(Rule):
        raise BadInput(
            _("The type of test case “%(name)s” is one of %(kinds)s.")
            % {"name": name, "kinds": ", ".join(Rule)}
        )
    if "input" not in given:
        raise BadInput(_("Test case “%(name)s” has no input.") % {"name": name})
    tree = given.get("tree") or []
    if not isinstance(tree, list) or not all(isinstance(step, str | int) for step in tree):
        raise BadInput(
            _("The tree of test case “%(name)s” is a list of names and positions.") % {"name": name}
        )
    return Case(name, Rule(kind), given["input"], given.get("expected_output"), tuple(tree))


def _problem(case: Case, outcome: Outcome) -> str:
    """What is wrong, in a sentence; empty if all is as expected."""
    failure = outcome.failure
    if case.rule is Rule.EXCEPTION:
        return "" if failure is not None else "it should have raised an exception, and did not."
    if failure is not None:
        return f"{failure.error_type}: {failure.message}"
    if case.rule is Rule.NO_EXCEPTION:
        return ""
    found = result_of(outcome)
    for step in case.tree:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return f"the result {_shown(found)} has no {step!r}."
    return _compared(case, found)


def _compared(case: Case, found: Any) -> str:  # noqa: ANN401 - any JSON
    expected = case.expected
    if case.rule is Rule.EXACT_MATCH:
        return "" if found == expected else f"expected {_shown(expected)}, got {_shown(found)}."
    if not all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in (found, expected)
    ):
        return f"{_shown(found)} and {_shown(expected)} are not both numbers."
    is_greater = case.rule is Rule.GREATER_OR_EQUAL
    if found >= expected if is_greater else found <= expected:
        return ""
    word = "at least" if is_greater else "at most"
    return f"expected {word} {_shown(expected)}, got {_shown(found)}."


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON
    text = orjson.dumps(value).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
