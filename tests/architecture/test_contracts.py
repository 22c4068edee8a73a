from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import APPS, ROOT, Function, functions, modules, name_of

# Use cases that take an actor and do not ask a rule themselves, and why that is right.
ASKED_ELSEWHERE = {
    "algorithms/charging.py:admit": "the gateway asks before it comes to money",
    "algorithms/charging.py:price_of": "whoever may see a version may know its price",
    "algorithms/resolving.py:for_caller": "it only prices what has been resolved for them",
    "data_collections/connectors/connecting.py:named": "only connectors of the asker's own account",
    "data_collections/connectors/using.py:at": "a place is a name; whatever is done there asks",
    "marketplace/accounts/preferences.py:choose_language": "their own browser and profile",
    "marketplace/catalog/pages.py:cards": "shows only what visible_to gives",
    "marketplace/catalog/moderation/deciding.py:record": "those who decide have been asked",
    "marketplace/catalog/reviews/reviewing.py:called": "only their own calls are looked at",
    "marketplace/catalog/project_pages/page.py:of_service": "shows only what it was given",
    "marketplace/catalog/trying.py:run": "the gateway asks; visitors are admitted by address",
    "projects/setup_options.py:checked": "files.find asks for each file that is named",
    "projects/setup_options.py:prepared": "files.find asks for each file that is named",
    "marketplace/catalog/trying.py:run_target": "whoever finds the target asks, and the gateway",
}
_ASKS = re.compile(r"\bby\.require\(|\bvisible_to\(by\)|\bmay_\w+\(by\b")


def test_the_layers_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_every_use_case_asks_whether_the_actor_may() -> None:
    silent = {
        f"{name_of(path)}:{function.name}"
        for path in modules(*APPS)
        for function in functions(path)
        if _is_use_case(function) and not _ASKS.search(ast.unparse(function))
    }

    assert silent == set(ASKED_ELSEWHERE)


def test_use_cases_take_their_actor_by_keyword() -> None:
    positional = [
        f"{name_of(path)}:{function.name}"
        for path in modules(*APPS)
        for function in functions(path)
        if not function.name.startswith("_")
        and any(argument.arg == "by" for argument in function.args.args)
    ]

    assert positional == []


def test_nothing_is_imported_inside_a_function() -> None:
    hidden = [
        f"{name_of(path)}:{function.name}"
        for path in modules(*APPS)
        if "guest" not in path.parts and "environments" not in path.parts
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]

    assert hidden == []


def _is_use_case(function: Function) -> bool:
    return not function.name.startswith("_") and any(
        argument.arg == "by" and "Actor" in ast.unparse(argument.annotation or argument)
        for argument in function.args.kwonlyargs
    )
