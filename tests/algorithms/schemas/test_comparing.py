"""What is taken may get wider and what is answered narrower; the rest breaks callers."""

from __future__ import annotations

from typing import Any

import pytest

from algorithms.models import Version
from algorithms.schemas import Schemas, compare, smallest_part
from marketplace.lib.semver import Part

Source = Version.SchemaSource
TEXT = {"type": "string"}
NUMBER = {"type": "number"}


def fields(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


@pytest.mark.parametrize(
    ("old", "new", "part", "words"),
    [
        (TEXT, {"type": ["string", "null"]}, Part.MINOR, "The input may now also be null."),
        ({"type": ["string", "null"]}, TEXT, Part.MAJOR, "The input is no longer null."),
        (TEXT, NUMBER, Part.MAJOR, "The input is no longer a text."),
        (NUMBER, {"type": "integer"}, Part.MAJOR, "The input is no longer a number."),
        ({"type": "integer"}, NUMBER, Part.MINOR, "The input may now also be a number."),
        (fields(a=TEXT), fields(a=TEXT, b=TEXT), Part.MINOR, "Input “b” is new."),
        (fields(a=TEXT), fields("b", a=TEXT, b=TEXT), Part.MAJOR, "Input “b” is new and required."),
        (fields(a=TEXT, b=TEXT), fields(a=TEXT), Part.MAJOR, "Input “b” is gone."),
        (fields(a=TEXT), fields("a", a=TEXT), Part.MAJOR, "Input “a” is required now."),
        (fields("a", a=TEXT), fields(a=TEXT), Part.MINOR, "Input “a” is optional now."),
        (
            fields(a={"enum": ["x", "y"]}),
            fields(a={"enum": ["x"]}),
            Part.MAJOR,
            "Input “a” is never “y” any more.",
        ),
        (
            {"type": "integer", "maximum": 9},
            {"type": "integer", "maximum": 5},
            Part.MAJOR,
            "The input has as its greatest value 5 instead of 9.",
        ),
        (
            {"type": "array", "items": TEXT},
            {"type": "array", "items": NUMBER},
            Part.MAJOR,
            "Input “[]” is no longer a text.",
        ),
    ],
)
def test_a_difference_of_the_input_is_said_and_weighed(
    old: dict[str, Any], new: dict[str, Any], part: Part, words: str
) -> None:
    found = compare(Schemas(input=old), Schemas(input=new))

    assert (found[0].part, found[0].words) == (part, words)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (fields("a", a=TEXT), fields(a=TEXT), Part.MAJOR),
        (fields(a=TEXT), fields("a", a=TEXT), Part.MINOR),
        (fields(a=TEXT), fields(a=TEXT, b=TEXT), Part.MINOR),
        (fields(a=TEXT, b=TEXT), fields(a=TEXT), Part.MAJOR),
        (TEXT, {"type": ["string", "null"]}, Part.MAJOR),
        ({"type": ["string", "null"]}, TEXT, Part.MINOR),
    ],
)
def test_of_the_output_it_is_the_other_way_round(
    old: dict[str, Any], new: dict[str, Any], part: Part
) -> None:
    assert compare(Schemas(output=old), Schemas(output=new))[0].part is part


def test_words_about_a_field_are_no_difference() -> None:
    old = Schemas(input=fields(a=TEXT))
    new = Schemas(input=fields(a=TEXT | {"description": "Now explained", "examples": ["x"]}))

    assert compare(old, new) == []


def test_references_inside_a_schema_are_followed() -> None:
    old = Schemas(input={"$ref": "#/$defs/a", "$defs": {"a": fields(x=TEXT)}})
    new = Schemas(input=fields(x=NUMBER))

    assert [one.place for one in compare(old, new)] == ["x", "x"]
    assert compare(Schemas(input={"$ref": "#"}), new) != []


def test_only_what_an_author_said_binds_the_next_number() -> None:
    def previous(source: Source) -> Version:
        return Version(input_schema=fields(a=TEXT), schema_source=source)

    new = Schemas(input=fields(a=NUMBER), source=Source.SIGNATURE)

    assert smallest_part(None, new) == (Part.REVISION, [])
    assert smallest_part(previous(Source.SAMPLE), new) == (Part.REVISION, [])
    assert smallest_part(previous(Source.DECLARED), new) == (
        Part.MAJOR,
        ["Input “a” is no longer a text."],
    )
    same = Schemas(input=fields(a=TEXT), source=Source.DOCSTRING)
    assert smallest_part(previous(Source.DECLARED), same) == (Part.REVISION, [])


def test_output_that_the_run_of_a_sample_will_tell_is_not_missed_before_it() -> None:
    old = Schemas(TEXT, NUMBER, Source.SIGNATURE)

    without = compare(old, Schemas(TEXT, None, Source.SIGNATURE))
    before = compare(old, Schemas(TEXT, None, Source.SIGNATURE, awaits_output=True))

    assert [one.words for one in without] == ["The output may now also be anything."]
    assert before == []
