"""TEST_CASES.json: how it is read, and what counts as expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from algorithms import cases
from marketplace.lib.errors import BadInput
from runners.errors import BuildFailed, PlatformFault
from runners.specs import Failure, Kind, Outcome


def outcome(result: object = None, *, failure: Failure | None = None) -> Outcome:
    return Outcome(kind=Kind.JSON, body=json.dumps(result).encode(), failure=failure)


def tried(tmp_path: Path, answer: Outcome, *given: dict[str, Any]) -> list[str]:
    (tmp_path / "TEST_CASES.json").write_text(json.dumps(given))
    return list(cases.tried(cases.read(tmp_path), lambda _kind, _body: answer))


@pytest.mark.parametrize(
    ("rule", "result", "expected"),
    [
        ("EXACT_MATCH", {"a": [1]}, {"a": [1]}),
        ("GREATER_OR_EQUAL", 0.9, 0.9),
        ("LESS_OR_EQUAL", 1, 2),
        ("NO_EXCEPTION", "anything", None),
    ],
)
def test_results_that_are_as_expected(
    tmp_path: Path, rule: str, result: object, expected: object
) -> None:
    case = {"case_name": "one", "input": 1, "expected_output": expected, "type": rule}

    assert tried(tmp_path, outcome(result), case) == ["Test case “one”: as expected"]


@pytest.mark.parametrize(
    ("rule", "result", "expected", "told"),
    [
        ("EXACT_MATCH", 1, 2, "expected 2, got 1"),
        ("GREATER_OR_EQUAL", 0.8, 0.9, "expected at least 0.9, got 0.8"),
        ("LESS_OR_EQUAL", 3, 2, "expected at most 2, got 3"),
        ("LESS_OR_EQUAL", "x", 2, "are not both numbers"),
        ("EXCEPTION", 1, None, "should have raised"),
    ],
)
def test_results_that_are_not_end_the_build_in_words(
    tmp_path: Path, rule: str, result: object, expected: object, told: str
) -> None:
    case = {"case_name": "one", "input": 1, "expected_output": expected, "type": rule}

    with pytest.raises(BuildFailed, match=f"Test case “one” failed: .*{told}"):
        tried(tmp_path, outcome(result), case)


def test_exceptions_count_as_the_case_says(tmp_path: Path) -> None:
    raised = outcome(failure=Failure("No picture.", "InputError"))
    one = {"case_name": "one", "input": "x"}

    assert tried(tmp_path, raised, one | {"type": "EXCEPTION"})
    with pytest.raises(BuildFailed, match="InputError: No picture"):
        tried(tmp_path, raised, one | {"type": "NO_EXCEPTION"})
    with pytest.raises(PlatformFault):
        tried(tmp_path, outcome(failure=Failure("Gone.", is_platform_fault=True)), one)


def test_tree_leads_to_the_part_that_is_compared(tmp_path: Path) -> None:
    case = {"case_name": "one", "input": 1, "expected_output": 7, "tree": ["scores", 0]}

    assert tried(tmp_path, outcome({"scores": [7]}), case)
    with pytest.raises(BuildFailed, match="has no 'scores'"):
        tried(tmp_path, outcome({}), case)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("{}", "a list of 100 cases"),
        ('[{"input": 1}]', "Case 1 .* case_name"),
        ('[{"case_name": "a", "input": 1, "type": "CLOSE"}]', "EXACT_MATCH"),
        ('[{"case_name": "a"}]', "has no input"),
        ('[{"case_name": "a", "input": 1, "tree": "b"}]', "list of names"),
    ],
)
def test_file_that_cannot_be_read_says_why(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "TEST_CASES.json").write_text(text)

    with pytest.raises(BadInput, match=told):
        cases.read(tmp_path)


def test_checkout_without_the_file_has_no_cases(tmp_path: Path) -> None:
    assert cases.read(tmp_path) == []
