"""How each version differs from the one before it: in its terms and in what goes in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.models import Version
from algorithms.schemas import Difference, compare, of_version
from algorithms.terms import terms_in_words, terms_of


@dataclass(frozen=True)
class Step:
    """A version beside the one before it, as far as whoever looks may see."""

    version: Version
    previous: Version | None
    differences: list[Difference]
    terms_gone: list[str]
    terms_new: list[str]

    @property
    def is_changed(self) -> bool:
        return bool(self.differences or self.terms_new)


def steps(newest_first: Sequence[Version]) -> list[Step]:
    older = [*newest_first[1:], None]
    return [_step(version, before) for version, before in zip(newest_first, older, strict=True)]


def _step(version: Version, previous: Version | None) -> Step:
    if previous is None:
        return Step(version, None, [], [], [])
    before, after = terms_in_words(terms_of(previous)), terms_in_words(terms_of(version))
    return Step(
        version,
        previous,
        compare(of_version(previous), of_version(version)),
        [one for one in before if one not in after],
        [one for one in after if one not in before],
    )
