"""The snippets of an algorithm's page run as they are shown, with nothing but a key put in."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys

import httpx
import pytest

from tests import node_client
from tests.journeys.authoring import publish, write
from tests.live import Person, Site
from tests.python_client import connected

SAMPLE = {"text": 'it\'s "new" \\ ü 🙂', "list": [True, None, 1.5]}


@pytest.fixture(scope="module")
def shown(live: Site) -> dict[str, str]:
    """Each snippet as the page shows it, by language, with a caller's key."""
    author = live.person("snippet_author")
    caller: Person = live.person("snippet_caller")
    with connected(live.url, author.key) as client:
        path = write(client, live, author, "def apply(input):\n    return input\n").path
        publish(client, path, sample=json.dumps(SAMPLE))
    page = httpx.get(f"{live.url}/algorithms/{path}/api/").text
    found = re.findall(r'<pre id="snippet-(\w+)"[^>]*>(.*?)</pre>', page, re.DOTALL)
    return {
        slug: html.unescape(re.sub(r"<[^>]+>", "", text)).replace("YOUR_API_KEY", caller.key)
        for slug, text in found
    }


def printed(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=node_client.FOLDER, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_language_is_there(shown: dict[str, str]) -> None:
    assert sorted(shown) == sorted(
        [
            "curl",
            "python",
            "javascript",
            "node",
            "go",
            "java",
            "csharp",
            "php",
            "ruby",
            "r",
            "rust",
            "swift",
            "cli",
        ]
    )


def test_the_shell_command_answers(shown: dict[str, str]) -> None:
    assert json.loads(printed("sh", "-c", shown["curl"]))["result"] == SAMPLE


def test_the_python_program_answers(shown: dict[str, str]) -> None:
    program = f"import warnings; warnings.simplefilter('ignore')\n{shown['python']}"

    assert printed(sys.executable, "-c", program).strip() == str(SAMPLE)


def test_the_node_program_answers(shown: dict[str, str]) -> None:
    node_client.install()

    answered = printed(
        "node",
        "-e",
        shown["node"].replace(
            "console.log(answer.get())", "console.log(JSON.stringify(answer.get()))"
        ),
    )

    assert json.loads(answered) == SAMPLE
