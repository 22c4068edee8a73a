"""What `s3+label://bucket/folder/file` means, and which paths a connector is limited to.

A path is a list of names and nothing else: whatever could mean another path to the store at
the other end, or to somebody who decodes it once more, is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from django.utils.translation import gettext as _

from data_collections.uris import refuse_disguises
from marketplace.lib.errors import BadInput

LONGEST_PATH: Final = 1000
EVERYTHING: Final = "*"
_REFERENCE: Final = re.compile(
    r"(?P<protocol>azureblob|dropbox|gs|s3)(\+(?P<label>[a-zA-Z0-9]{1,60}))?\Z"
)
_WILD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Reference:
    """A connector as it is named in addresses: `s3`, or `s3+label`."""

    protocol: str
    label: str = ""

    def __str__(self) -> str:
        return f"{self.protocol}+{self.label}" if self.label else self.protocol


def parse_reference(text: str) -> Reference:
    found = _REFERENCE.match(text)
    if found is None:
        raise BadInput(
            _(
                "%(text)s is not a data source: it is data, s3, gs, azureblob or dropbox, perhaps "
                "with +label."
            )
            % {"text": ascii(text[:60])}
        )
    return Reference(found["protocol"], found["label"] or "")


def parse_path(text: str) -> str:
    """Give the path without slashes at its ends; empty for the root."""
    path = text.strip("/")
    if len(path) > LONGEST_PATH:
        raise BadInput(
            _("A data path may have %(most)s characters at most.") % {"most": LONGEST_PATH}
        )
    for part in path.split("/") if path else ():
        if not part:
            raise BadInput(_("A data path may not hold an empty part (two slashes in a row)."))
        refuse_disguises(part)
    return path


def is_within(pattern: str, path: str) -> bool:
    """Whether a connector that is limited to the pattern reaches this file."""
    return pattern == EVERYTHING or fnmatchcase(path, pattern)


def may_lead_within(pattern: str, folder: str) -> bool:
    """Whether a file that the pattern reaches may lie below this folder."""
    if pattern == EVERYTHING or not folder:
        return True
    literal = _WILD.split(pattern, maxsplit=1)[0]
    is_exact = literal == pattern
    below = f"{folder}/"
    return literal.startswith(below) or (not is_exact and below.startswith(literal))


def covers(pattern: str, folder: str) -> bool:
    """Whether the pattern reaches everything below the folder, whatever it is called."""
    before, _star, after = pattern.partition(EVERYTHING)
    is_plain = _WILD.search(before) is None and not after and pattern != before
    return is_plain and f"{folder}/".startswith(before)


def beginning(pattern: str) -> str:
    """The deepest folder above everything that the pattern reaches."""
    literal = _WILD.split(pattern, maxsplit=1)[0]
    return literal.rpartition("/")[0]
