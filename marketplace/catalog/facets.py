"""What a list can be narrowed by, and how many each choice would leave.

An algorithm carries all of its values in one short text (`Algorithm.facets`). The database
counts equal texts, of which there are few, from an index; which choice leaves how many is then
worked out here, for all facets at once and whatever is chosen. One query counts everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from algorithms.models import Algorithm
from marketplace.catalog import kinds
from marketplace.lib.money import CREDITS_PER_DOLLAR, MICROCREDITS_PER_CREDIT

Words = str | Promise
Chosen = Mapping[str, tuple[str, ...]]
"""For each facet that narrows: the values of which one must hold."""

DOLLAR: Final = CREDITS_PER_DOLLAR * MICROCREDITS_PER_CREDIT
SEPARATOR: Final = "|"


@dataclass(frozen=True)
class Facet:
    """One question about an algorithm with few answers."""

    name: str
    """In addresses."""
    column: str
    title: Words
    values: Mapping[str, Words] = field(default_factory=dict)
    """The answers in words, in the order in which they are shown; others stand as they are."""

    def words(self, value: str) -> Words:
        return self.values.get(value, value)


_KINDS: Final[Mapping[str, Words]] = {
    kinds.TEXT: _("Text"),
    kinds.NUMBER: _("Number"),
    kinds.IMAGE: _("Image"),
    kinds.AUDIO: _("Audio"),
    kinds.FILE: _("File"),
    kinds.LIST: _("List"),
    kinds.FIELDS: _("Named fields"),
}
BANDS: Final[Mapping[str, tuple[int, Words]]] = {
    "free": (0, _("Free")),
    "tiny": (DOLLAR // 1000, _("Up to $0.001 a call")),
    "small": (DOLLAR // 100, _("Up to $0.01 a call")),
    "medium": (DOLLAR // 10, _("Up to $0.10 a call")),
    "large": (1 << 62, _("More than $0.10 a call")),
}
FACETS: Final = (
    Facet("task", "task", _("Task")),
    Facet(
        "price", "price_band", _("Price"), {name: words for name, (_top, words) in BANDS.items()}
    ),
    Facet(
        "language",
        "language",
        _("Language"),
        {
            "python3": "Python",
            "javascript": "JavaScript",
            "java": "Java",
            "r": "R",
            "ruby": "Ruby",
            "rust": "Rust",
            "scala": "Scala",
        },
    ),
    Facet(
        "internet",
        "network",
        _("Internet"),
        {
            "isolated": _("No network"),
            "full": _("Reaches the internet"),
        },
    ),
    Facet("machine", "is_gpu", _("Machine"), {"cpu": "CPU", "gpu": "GPU"}),
    Facet("input", "input_kind", pgettext_lazy("what an algorithm takes", "Takes"), _KINDS),
    Facet("output", "output_kind", pgettext_lazy("what an algorithm answers", "Answers"), _KINDS),
    Facet("license", "license", _("Licence"), dict(Algorithm.License.choices)),
)
BY_NAME: Final = {facet.name: facet for facet in FACETS}


def text_of(algorithm: Algorithm) -> str:
    """All values of an algorithm in one text; their places are those in FACETS."""
    return SEPARATOR.join(_value(algorithm, facet) for facet in FACETS)


def band(microcredits: int) -> str:
    return next(name for name, (top, _words) in BANDS.items() if microcredits <= top)


@dataclass(frozen=True)
class Counts:
    """How many there are, and how many there would be with each other choice of one facet."""

    total: int
    of_facet: Mapping[str, Counter[str]]

    def without(self, facet: str) -> int:
        """How many there would be if this facet did not narrow."""
        return self.of_facet[facet].total()


def count(texts: Iterable[tuple[str, int]], chosen: Chosen) -> Counts:
    """Count choices from how often each text occurs among what all else has left.

    A value of one facet is counted under the choices of all others, not of its own: that is
    what choosing it as well would give.
    """
    wanted = [frozenset(chosen.get(facet.name, ())) for facet in FACETS]
    asking = [place for place, values in enumerate(wanted) if values]
    counters = [Counter[str]() for _facet in FACETS]
    total = 0
    for text, number in texts:
        values = _split(text)
        missed = [place for place in asking if values[place] not in wanted[place]]
        if not missed:
            total += number
            for counter, value in zip(counters, values, strict=True):
                counter[value] += number
        elif len(missed) == 1:
            counters[missed[0]][values[missed[0]]] += number
    return Counts(total, {f.name: c for f, c in zip(FACETS, counters, strict=True)})


def matching(texts: Iterable[str], chosen: Chosen) -> list[str]:
    """Those texts whose algorithms are shown."""
    wanted = [frozenset(chosen.get(facet.name, ())) for facet in FACETS]
    return [
        text
        for text in texts
        if all(not one or value in one for one, value in zip(wanted, _split(text), strict=True))
    ]


@lru_cache(maxsize=20_000)
def _split(text: str) -> tuple[str, ...]:
    values = tuple(text.split(SEPARATOR))
    return values if len(values) == len(FACETS) else ("",) * len(FACETS)


def _value(algorithm: Algorithm, facet: Facet) -> str:
    if facet.column == "is_gpu":
        return "gpu" if algorithm.is_gpu else "cpu"
    return str(getattr(algorithm, facet.column)).replace(SEPARATOR, " ")
