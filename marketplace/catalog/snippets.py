"""Code that calls an algorithm, complete enough to be pasted and run unchanged.

The input stands between two marks, so that static/js/code-snippets.js can put the visitor's
own there; `quoting` says how each language writes it.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Final

import orjson

KEY: Final = "YOUR_API_KEY"

_CURL: Final = r"""curl -s URL \
  -H 'Authorization: Simple KEY' \
  -H 'Content-Type: application/json' \
  -d INPUT"""
_PYTHON: Final = """import Algorithmia

client = Algorithmia.client("KEY", "SITE")
algorithm = client.algo("PATH")
print(algorithm.pipe(INPUT).result)"""
_NODE: Final = """const algorithmia = require("algorithmia");

algorithmia.client("KEY", "SITE")
  .algo("PATH")
  .pipe(INPUT)
  .then((answer) => console.log(answer.get()), console.error);"""
_JAVASCRIPT: Final = """const response = await fetch("URL", {
  method: "POST",
  headers: {
    "Authorization": "Simple KEY",
    "Content-Type": "application/json",
  },
  body: JSON.stringify(INPUT),
});
const { result, error } = await response.json();
console.log(error ?? result);"""
_CLI: Final = "algo run PATH -j INPUT"

_LANGUAGES: Final = {
    "curl": ("cURL", "", "shell", _CURL),
    "python": ("Python", "pip install algorithmia", "python", _PYTHON),
    "node": ("Node.js", "npm install algorithmia", "json", _NODE),
    "javascript": ("JavaScript", "", "json", _JAVASCRIPT),
    "cli": ("Command line", "pip install algorithmia && algo auth", "shell", _CLI),
}


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
    names = {"KEY": KEY, "PATH": path, "SITE": site_url, "URL": f"{site_url}/v1/algo/{path}"}
    snippets = []
    for slug, (language, install, quoting, template) in _LANGUAGES.items():
        before, after = (_filled(part, names) for part in template.split("INPUT"))
        argument = written(sample_input, quoting)
        snippets.append(Snippet(slug, language, install, quoting, before, argument, after))
    return snippets


def _filled(template: str, names: dict[str, str]) -> str:
    """Put the names in at once, so that an algorithm called `URL` is not taken for one of ours."""
    return re.sub(r"\b(?:KEY|PATH|SITE|URL)\b", lambda found: names[found[0]], template)


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
