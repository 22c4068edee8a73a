"""How two versions differ in what they take and answer, in words, and what that asks of the number.

Callers rely on two promises: what they send is taken, and what comes back is as it was said
to be. A promise that gets narrower breaks them (a major release), one that gets wider does
not (a minor one). So more may be taken and less may be answered, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms.models import Version
from algorithms.schemas.inferring import Schemas, of_version
from algorithms.schemas.shapes import TYPES, Schema, types_of
from marketplace.lib.semver import Part

_ORDER: Final = (Part.REVISION, Part.MINOR, Part.MAJOR)
_DEEPEST: Final = 15
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was."""

    side: str  # "input" or "output"
    place: str  # text, options.count, items[]
    words: str
    part: Part  # the smallest release that may bring it

    @property
    def breaks_callers(self) -> bool:
        return self.part is Part.MAJOR

    def __str__(self) -> str:
        return self.words


def compare(old: Schemas, new: Schemas) -> list[Difference]:
    """Every difference that callers can notice, the gravest first."""
    found: list[Difference] = []
    for side in ("input", "output"):
        before, after = getattr(old, side), getattr(new, side)
        is_to_come = side == "output" and new.awaits_output
        if is_to_come or (before is None and after is None):
            continue
        found += _Comparison(side, before or {}, after or {}).differences()
    return sorted(found, key=lambda one: -_ORDER.index(one.part))


def smallest_part(previous: Version | None, new: Schemas) -> tuple[Part, list[str]]:
    """The smallest release that keeps what callers of `previous` were promised, and why.

    Guesses from a sample promise nothing, so they ask for nothing.
    """
    if previous is None:
        return Part.REVISION, []
    old = of_version(previous)
    if not (old.is_promise and new.is_promise):
        return Part.REVISION, []
    differences = compare(old, new)
    if not differences:
        return Part.REVISION, []
    part = differences[0].part
    return part, [one.words for one in differences if one.part is part]


class _Comparison:
    """One side of two versions. For input, wider is harmless; for output, narrower is."""

    def __init__(self, side: str, old: Schema, new: Schema) -> None:
        self._side = side
        self._old, self._new = old, new

    def differences(self) -> list[Difference]:
        return list(self._walk(self._old, self._new, "", 0))

    def _walk(self, old: Schema, new: Schema, place: str, depth: int) -> Iterator[Difference]:
        old, new = _followed(old, self._old), _followed(new, self._new)
        if depth > _DEEPEST or old == new:
            return
        yield from self._types(types_of(old), types_of(new), place)
        yield from self._values(old, new, place)
        yield from self._bounds(old, new, place)
        before, after = _branch(old, "object"), _branch(new, "object")
        if before and after:
            yield from self._fields(before, after, place, depth)
        before, after = _branch(old, "array"), _branch(new, "array")
        if before and after:
            items = f"{place}[]"
            yield from self._walk(before.get("items", {}), after.get("items", {}), items, depth + 1)

    def _types(self, old: frozenset[str], new: frozenset[str], place: str) -> Iterator[Difference]:
        if gone := _beyond(old, new):
            yield self._narrowed(place, _("is no longer %(kinds)s") % {"kinds": _words(gone)})
        if come := _beyond(new, old):
            yield self._widened(place, _("may now also be %(kinds)s") % {"kinds": _words(come)})

    def _values(self, old: Schema, new: Schema, place: str) -> Iterator[Difference]:
        before, after = _choices(old), _choices(new)
        if before is None and after is None:
            return
        if before is None:
            yield self._narrowed(
                place, _("is now one of %(values)s") % {"values": _listed(after or [])}
            )
        elif after is None:
            yield self._widened(
                place, _("is no longer limited to %(values)s") % {"values": _listed(before)}
            )
        else:
            if gone := [value for value in before if value not in after]:
                yield self._narrowed(
                    place, _("is never %(values)s any more") % {"values": _listed(gone)}
                )
            if come := [value for value in after if value not in before]:
                yield self._widened(place, _("may now be %(values)s") % {"values": _listed(come)})

    def _bounds(self, old: Schema, new: Schema, place: str) -> Iterator[Difference]:
        for names, is_upper in ((_UPPER, True), (_LOWER, False)):
            for name in names:
                before, after = old.get(name), new.get(name)
                if before == after:
                    continue
                words = _("has %(bound)s %(after)s instead of %(before)s") % {
                    "bound": _(_WORDS[name]),
                    "after": _("none") if after is None else after,
                    "before": _("none") if before is None else before,
                }
                tighter = before is None or (
                    after is not None and (after < before if is_upper else after > before)
                )
                yield (self._narrowed if tighter else self._widened)(place, words)

    def _fields(self, old: Schema, new: Schema, place: str, depth: int) -> Iterator[Difference]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed = set(old.get("required", [])), set(new.get("required", []))
        is_input = self._side == "input"
        for name in before:
            inner = f"{place}.{name}" if place else name
            if name not in after:
                yield self._says(Part.MAJOR, inner, _("is gone"))
                continue
            yield from self._walk(before[name], after[name], inner, depth + 1)
            if name in needed - needed_before:
                words = _("is required now") if is_input else _("is always there now")
                yield self._narrowed(inner, words)
            elif name in needed_before - needed:
                words = _("is optional now") if is_input else _("may be missing now")
                yield self._widened(inner, words)
        for name in after:
            if name in before:
                continue
            inner = f"{place}.{name}" if place else name
            is_asked = is_input and name in needed
            words = _("is new and required") if is_asked else _("is new")
            yield self._says(Part.MAJOR if is_asked else Part.MINOR, inner, words)

    def _narrowed(self, place: str, words: str) -> Difference:
        return self._says(Part.MAJOR if self._side == "input" else Part.MINOR, place, words)

    def _widened(self, place: str, words: str) -> Difference:
        return self._says(Part.MINOR if self._side == "input" else Part.MAJOR, place, words)

    def _says(self, part: Part, place: str, words: str) -> Difference:
        return Difference(self._side, place, self._subject(place) + f" {words}.", part)

    def _subject(self, place: str) -> str:
        if self._side == "input":
            return _("Input “%(place)s”") % {"place": place} if place else _("The input")
        return _("Output “%(place)s”") % {"place": place} if place else _("The output")


_WORDS: Final = {
    "maximum": gettext_noop("as its greatest value"),
    "exclusiveMaximum": gettext_noop("as its limit below which it stays"),
    "maxLength": gettext_noop("as its greatest length"),
    "maxItems": gettext_noop("as its greatest number of items"),
    "minimum": gettext_noop("as its smallest value"),
    "exclusiveMinimum": gettext_noop("as its limit above which it stays"),
    "minLength": gettext_noop("as its smallest length"),
    "minItems": gettext_noop("as its smallest number of items"),
}
_NOUNS: Final = {
    "null": "null",
    "boolean": gettext_noop("true or false"),
    "integer": gettext_noop("a whole number"),
    "number": gettext_noop("a number"),
    "string": gettext_noop("a text"),
    "array": gettext_noop("a list"),
    "object": gettext_noop("an object"),
}


def _beyond(one: frozenset[str], other: frozenset[str]) -> list[str]:
    """Types of the one that the other does not know; a whole number is a number."""
    known = other | ({"integer"} if "number" in other else set())
    if one >= frozenset(TYPES) and not known >= frozenset(TYPES):
        return [gettext_noop("anything")]
    return [kind for kind in TYPES if kind in one - known]


def _words(kinds: list[str]) -> str:
    return _(" or ").join(_(_NOUNS.get(kind, kind)) for kind in kinds)


def _listed(values: list[Any]) -> str:
    shown = ", ".join(f"“{value}”" for value in values[:5])
    if len(values) <= 5:
        return shown
    return _("%(shown)s and %(count)s others") % {"shown": shown, "count": len(values) - 5}


def _choices(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _branch(schema: Schema, kind: str) -> Schema | None:
    """The part of a schema that speaks of one type."""
    for union in ("anyOf", "oneOf"):
        for one in schema.get(union, []):
            if types_of(one) == {kind}:
                return dict(one)
    return schema if kind in types_of(schema) and len(types_of(schema)) < len(TYPES) else None


def _followed(schema: Schema | bool, root: Schema) -> Schema:
    """What a reference inside the schema points at."""
    for _step in range(_DEEPEST):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return schema
        target: Any = root
        for step in reference.removeprefix("#").strip("/").split("/"):
            target = target.get(step, {}) if isinstance(target, dict) and step else target
        schema = target
    return {}
