"""What can be said of a Python file without running it: syntax, names, and missing packages."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _
from packaging.utils import canonicalize_name
from pyflakes import checker, messages

from marketplace.lib.errors import TooLarge

MOST_CHARACTERS: Final = 300_000
MOST_FOUND: Final = 200
_REQUIRED: Final = re.compile(r"(?m)^[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)")

# Packages whose modules are called differently, among those people use most.
_PACKAGES: Final = {
    "Algorithmia": "algorithmia",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "google": "protobuf",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_SAME_MODULE: Final = {
    "opencv-python-headless": {
        "opencv-python",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    },
    "algorithmia": {"algorithmia-adk"},
}
_ALWAYS_THERE: Final = {"adk", "src", "setuptools", "pkg_resources", "_distutils_hack"}
_ERRORS: Final = (
    messages.UndefinedName,
    messages.UndefinedLocal,
    messages.UndefinedExport,
    messages.DuplicateArgument,
    messages.ReturnOutsideFunction,
    messages.YieldOutsideFunction,
    messages.ContinueOutsideLoop,
    messages.BreakOutsideLoop,
)


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one place of a file; lines count from one, columns from zero."""

    line: int
    column: int
    severity: Severity
    message: str
    package: str = ""  # what would provide the module that is imported here


def check(
    text: str, *, python: str, modules: Collection[str], requirements: str, locked: str = ""
) -> list[Finding]:
    """Look at one file as the Python of its algorithm (`3.11`) would.

    `modules` are the top names of the algorithm's own; `requirements` and `locked` the texts
    of its requirements file and of the lock they last led to.
    """
    if max(len(text), len(requirements)) > MOST_CHARACTERS:
        raise TooLarge(
            _("A file of more than %(most_characters)s characters is not checked.")
            % {"most_characters": MOST_CHARACTERS}
        )
    minor = int(python.partition(".")[2] or sys.version_info.minor)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text, feature_version=(3, min(minor, sys.version_info.minor)))
            found = list(checker.Checker(tree).messages)
    except SyntaxError as error:
        return [_syntax(error, python, minor)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [
            Finding(
                1,
                0,
                Severity.WARNING,
                f"This file could not be checked: {str(error) or 'it is nested too deeply'}.",
            )
        ]
    named = {canonicalize_name(name) for name in _REQUIRED.findall(f"{requirements}\n{locked}")}
    findings = [_of_message(message) for message in found]
    findings += _missing_packages(tree, modules, named)
    return sorted(findings, key=lambda one: (one.line, one.column))[:MOST_FOUND]


def _syntax(error: SyntaxError, python: str, minor: int) -> Finding:
    said = (error.msg or "this is not Python").removesuffix(".")
    place = (error.lineno or 1, max(0, (error.offset or 1) - 1))
    if minor > sys.version_info.minor:
        note = f"as an older Python than {python} reads it, {said}"
        return Finding(*place, Severity.WARNING, f"Perhaps a mistake: {note}.")
    return Finding(*place, Severity.ERROR, f"Syntax error: {said}.")


def _of_message(message: messages.Message) -> Finding:
    severity = Severity.ERROR if isinstance(message, _ERRORS) else Severity.WARNING
    said = str(message.message % message.message_args)
    return Finding(message.lineno, message.col, severity, f"{said[:1].upper()}{said[1:]}.")


def _missing_packages(
    tree: ast.AST, modules: Collection[str], named: Collection[str]
) -> Iterator[Finding]:
    for node, name in _imports(tree):
        if name in sys.stdlib_module_names or name in modules or name in _ALWAYS_THERE:
            continue
        package = canonicalize_name(_PACKAGES.get(name, name))
        if package in named or _SAME_MODULE.get(package, set()) & set(named):
            continue
        yield Finding(
            line=node.lineno,
            column=node.col_offset,
            severity=Severity.WARNING,
            message=f"No line of requirements.txt seems to provide the module {name}.",
            package=package,
        )


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Top names of what is imported, but not where a failure is expected (`try: import x`)."""
    expected = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Try)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in expected:
            continue
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node, name.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node, node.module.partition(".")[0]
