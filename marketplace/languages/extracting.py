"""Which texts of the sources are to be translated; what xgettext finds, without xgettext."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from django.utils.translation.template import templatize

PACKAGES: Final = (
    "marketplace",
    "projects",
    "algorithms",
    "billing",
    "data_collections",
    "runners",
)
_ALIASES: Final = {"_": "gettext", "_lazy": "gettext"}
_KINDS: Final = ("gettext", "ngettext", "pgettext", "npgettext")
_LITERAL: Final = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_IN_TEMPLATE: Final = re.compile(
    rf"\b(npgettext|ngettext|pgettext|gettext|_)\(\s*((?:{_LITERAL}(?:\s*,\s*)?)+)"
)
_IN_SCRIPT: Final = re.compile(r'\bgettext\(\s*("(?:[^"\\\n]|\\.)*")')


class Text(NamedTuple):
    """What a translator sees: the English text, and its plural and context if it has them."""

    singular: str
    plural: str = ""
    context: str | None = None


def of_pages(root: Path) -> set[Text]:
    """The texts of the domain `django`: templates and the product's modules."""
    found: set[Text] = set()
    for path in sorted((root / "templates").rglob("*")):
        if path.suffix in {".html", ".txt", ".xml"}:
            found.update(_of_template(path))
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            found.update(_of_module(path))
    return found


def of_scripts(root: Path) -> set[Text]:
    """The texts of the domain `djangojs`: our own scripts."""
    return {
        Text(json.loads(literal))
        for path in sorted((root / "static" / "js").glob("*.js"))
        for literal in _IN_SCRIPT.findall(path.read_text())
    }


def _of_template(path: Path) -> Iterator[Text]:
    for kind, arguments in _IN_TEMPLATE.findall(templatize(path.read_text(), origin=str(path))):
        literals = [ast.literal_eval(one) for one in re.findall(_LITERAL, arguments)]
        yield _text(kind, literals)


def _of_module(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        if ast.unparse(node.func) == "audit.record":
            yield from _deeds(node)
        name = str(getattr(node.func, "id", "") or getattr(node.func, "attr", ""))
        kind = _ALIASES.get(name, name.removesuffix("_lazy").removesuffix("_noop"))
        literals = [each.value for each in node.args if isinstance(each, ast.Constant)]
        words = [each for each in literals if isinstance(each, str)]
        if kind in _KINDS and words:
            yield _text(kind, words)


def _deeds(call: ast.Call) -> Iterator[Text]:
    """What `audit.record` says was done: kept in English, read in the reader's language."""
    said = call.args[1]
    for part in (said.body, said.orelse) if isinstance(said, ast.IfExp) else (said,):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield Text(part.value)


def _text(kind: str, words: list[str]) -> Text:
    kind = _ALIASES.get(kind, kind)
    context = words[0] if "pgettext" in kind else None
    said = words[1:] if "pgettext" in kind else words
    return Text(said[0], said[1] if kind.startswith("n") else "", context)
