"""Authors' code in colours, where finding them takes no longer than the code is long.

Many of Pygments' lexers search for seconds, or for ever, in a line made for that, and hold up
the whole process meanwhile. So only languages that were tried are coloured, and no long lines.
"""

from __future__ import annotations

from typing import Final

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.util import ClassNotFound

LONGEST_LINE: Final = 500
_TRIED: Final = frozenset(
    (
        *("python", "pycon", "bash", "console", "json", "yaml", "toml", "xml", "html", "css"),
        *("javascript", "typescript", "sql", "java", "kotlin", "scala", "c", "cpp", "csharp"),
        *("rust", "go", "swift", "ruby", "r", "julia", "diff", "docker", "markdown", "http"),
    )
)


def in_language(code: str, language: str) -> str:
    """HTML of the code in a language that is named; nothing if it is to be shown as it is."""
    try:
        return _coloured(code, get_lexer_by_name(language)) if language else ""
    except ClassNotFound:
        return ""


def in_file(code: str, path: str) -> str:
    """HTML of a file's code by the file's name; nothing if it is to be shown as it is."""
    try:
        return _coloured(code, get_lexer_for_filename(path, stripnl=False))
    except ClassNotFound:
        return ""


def _coloured(code: str, lexer: Lexer) -> str:
    if _TRIED.isdisjoint(lexer.aliases):
        return ""
    if max(map(len, code.splitlines()), default=0) > LONGEST_LINE:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))
