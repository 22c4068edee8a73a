"""Code that calls an algorithm, complete enough to be pasted and run unchanged.

The input stands between two marks, so that static/js/code-snippets.js can put the visitor's
own there; `quoting` says how each language writes it.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Final

import orjson

KEY: Final = "YOUR_API_KEY"
_SLOT: Final = "\0"


@dataclass(frozen=True)
class Snippet:
    slug: str
    language: str
    install: str
    quoting: str
    before: str
    argument: str
    after: str

    @property
    def text(self) -> str:
        return self.before + self.argument + self.after


def of(path: str, sample_input: str, site_url: str) -> list[Snippet]:
    """The call of `owner/name/version` in each language."""
    url = f"{site_url}/v1/algo/{path}"
    return [
        _snippet(slug, language, install, quoting, template, sample_input)
        for slug, language, install, quoting, template in _templates(path, url, site_url)
    ]


def _templates(path: str, url: str, site_url: str) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            "curl",
            "cURL",
            "",
            "shell",
            f"curl -s {url} \\\n  -H 'Authorization: Simple {KEY}' \\\n"
            f"  -H 'Content-Type: application/json' \\\n  -d {_SLOT}",
        ),
        (
            "python",
            "Python",
            "pip install algorithmia",
            "python",
            f'import Algorithmia\n\nclient = Algorithmia.client("{KEY}", "{site_url}")\n'
            f'algorithm = client.algo("{path}")\nprint(algorithm.pipe({_SLOT}).result)',
        ),
        (
            "node",
            "Node.js",
            "npm install algorithmia",
            "json",
            f'const algorithmia = require("algorithmia");\n\n'
            f'algorithmia.client("{KEY}", "{site_url}")\n  .algo("{path}")\n'
            f"  .pipe({_SLOT})\n  .then((answer) => console.log(answer.get()), console.error);",
        ),
        (
            "javascript",
            "JavaScript",
            "",
            "json",
            f'const response = await fetch("{url}", {{\n  method: "POST",\n  headers: {{\n'
            f'    "Authorization": "Simple {KEY}",\n    "Content-Type": "application/json",\n  }},\n'
            f"  body: JSON.stringify({_SLOT}),\n}});\nconst {{ result, error }} = "
            "await response.json();\nconsole.log(error ?? result);",
        ),
        (
            "cli",
            "Command line",
            "pip install algorithmia && algo auth",
            "shell",
            f"algo run {path} -j {_SLOT}",
        ),
    ]


def _snippet(  # noqa: PLR0913 - one row of the table above
    slug: str, language: str, install: str, quoting: str, template: str, sample_input: str
) -> Snippet:
    before, after = template.split(_SLOT)
    return Snippet(slug, language, install, quoting, before, written(sample_input, quoting), after)


def written(sample_input: str, quoting: str) -> str:
    """The input as a literal of a language; text that is no JSON counts as a string."""
    try:
        value: object = orjson.loads(sample_input or '""')
    except orjson.JSONDecodeError:
        value = sample_input
    if quoting == "python":
        return repr(value)
    text = json.dumps(value, ensure_ascii=False)
    return shlex.quote(text) if quoting == "shell" else text
