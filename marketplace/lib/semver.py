"""Version numbers: parse, bump, and match the patterns callers write (`1.2`, `1.2.*`, `1.2.x`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from marketplace.lib.errors import BadInput

_NUMBER: Final = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\Z")
_PATTERN: Final = re.compile(r"(0|[1-9]\d{0,8})(?:\.(0|[1-9]\d{0,8}|[*x]))?(?:\.[*x])?\Z")


class Part(StrEnum):
    """Which part of a version number a release raises."""

    MAJOR = "major"
    MINOR = "minor"
    REVISION = "revision"

    @classmethod
    def parse(cls, text: str) -> Part:
        """Accept the wire's three words and `patch`, which older documentation used."""
        try:
            return cls("revision" if text == "patch" else text)
        except ValueError:
            raise BadInput(
                f"A version is a major, minor or revision release, not {text!r}."
            ) from None


@dataclass(frozen=True, order=True)
class SemVer:
    major: int = 0
    minor: int = 0
    revision: int = 0

    @classmethod
    def parse(cls, text: str) -> SemVer:
        found = _NUMBER.match(text)
        if not found:
            raise BadInput(f"{text[:40]!r} is not a version number such as 1.2.3.")
        return cls(*(int(part) for part in found.groups()))

    def bump(self, part: Part) -> SemVer:
        """Raise one part and set those below it to zero."""
        if part is Part.MAJOR:
            return SemVer(self.major + 1, 0, 0)
        if part is Part.MINOR:
            return SemVer(self.major, self.minor + 1, 0)
        return SemVer(self.major, self.minor, self.revision + 1)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.revision}"


@dataclass(frozen=True)
class Range:
    """A pattern that floats: every version of one major, or of one major and minor."""

    major: int
    minor: int | None

    @classmethod
    def parse(cls, text: str) -> Range | None:
        """Read `1`, `1.*`, `1.2`, `1.2.*` or `1.2.x`; None if the text is no such pattern."""
        found = _PATTERN.match(text)
        if not found:
            return None
        minor = found[2]
        return cls(int(found[1]), None if minor in (None, "*", "x") else int(minor))

    def __contains__(self, version: SemVer) -> bool:
        return version.major == self.major and self.minor in (None, version.minor)
