"""What an author has said of input and output is found, wherever it was said."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from algorithms.schemas import declared, samples, signature
from algorithms.schemas.shapes import completed, either
from marketplace.lib.errors import BadInput

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=15,
)
SOURCES = st.text(alphabet="defaply():-> \n\"'[]|,strinOptional", max_size=200)


def hinted(hint: str, before: str = "") -> dict[str, Any]:
    module = f"{textwrap.dedent(before)}\ndef apply(input: {hint}):\n    return input\n"
    return signature.read(module).hints.input


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        ("str", {"type": "string"}),
        ("'float'", {"type": "number"}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("typing.List[str]", {"type": "array", "items": {"type": "string"}}),
        ("Optional[str]", {"type": ["string", "null"]}),
        ("int | None", {"type": ["integer", "null"]}),
        ("Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("Annotated[int, Field(ge=1, le=9)]", {"type": "integer", "minimum": 1, "maximum": 9}),
        ("Annotated[str, Doc('A name')]", {"type": "string", "description": "A name"}),
        ("np.ndarray", {}),
        ("Any", {}),
    ],
)
def test_a_type_hint_becomes_a_schema(hint: str, schema: dict[str, Any]) -> None:
    assert hinted(hint) == schema


def test_a_typed_dict_tells_its_fields_which_are_needed_and_what_they_mean() -> None:
    schema = hinted(
        "Request",
        '''
        class Tone(StrEnum):
            KIND = "kind"
            CURT = "curt"

        class Request(TypedDict):
            """What to say.

            Attributes:
                text: The text to answer.
            """
            text: str
            tone: NotRequired[Tone]
        ''',
    )

    assert schema == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "The text to answer."},
            "tone": {"type": "string", "enum": ["kind", "curt"]},
        },
        "required": ["text"],
    }


def test_a_model_class_tells_defaults_and_ranges() -> None:
    schema = hinted(
        "Options",
        """
        class Base(BaseModel):
            name: str

        class Options(Base):
            size: int = Field(3, ge=1, le=10, description="How many")
            tags: list[str] = Field(default_factory=list)
            strict: bool = True
        """,
    )

    assert schema["required"] == ["name"]
    assert schema["properties"]["size"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 10,
        "description": "How many",
        "default": 3,
    }
    assert schema["properties"]["strict"] == {"type": "boolean", "default": True}


def test_a_type_that_names_itself_has_an_end() -> None:
    schema = hinted(
        "Node",
        """
        class Node(TypedDict):
            a: 'Node | list[Node] | dict[str, Node]'
            b: 'Node | list[Node] | dict[str, Node]'
        """,
    )

    assert len(json.dumps(schema)) < 1_000_000


@pytest.mark.parametrize(
    "docstring",
    [
        """Shorten a text.

        Args:
            text (str): The text.
            count (int, optional): How many. Defaults to 2.

        Returns:
            list of str: The sentences.
        """,
        """Shorten a text.

        Parameters
        ----------
        text : str
            The text.
        count : int, optional
            How many. Default is 2.

        Returns
        -------
        list[str]
            The sentences.
        """,
    ],
)
def test_a_docstring_tells_the_fields_of_the_input(docstring: str) -> None:
    said = signature.read(f"def apply(input):\n    '''{docstring}'''\n").docstring

    assert said.input["required"] == ["text"]
    assert said.input["properties"]["text"] == {"type": "string", "description": "The text."}
    assert said.input["properties"]["count"]["type"] == "integer"
    assert said.input["properties"]["count"]["default"] == 2
    assert said.output == {
        "type": "array",
        "items": {"type": "string"},
        "description": "The sentences.",
    }


def test_the_function_given_to_adk_is_the_one_that_is_read() -> None:
    source = "def predict(data: int, model) -> str: ...\nADK(predict, load).init('x')\n"

    hints = signature.read(source).hints

    assert (hints.input, hints.output) == ({"type": "integer"}, {"type": "string"})


def test_fields_that_are_taken_from_a_dictionary_are_known_with_their_defaults() -> None:
    source = "def apply(input: dict):\n    return input['text'][: input.get('most', 5)]\n"

    assert signature.read(source).hints.input == {
        "type": "object",
        "properties": {"text": {}, "most": {"default": 5}},
    }


@given(SOURCES)
def test_no_source_breaks_the_reader(source: str) -> None:
    assert isinstance(signature.read(source), signature.Signature)


@given(JSON_VALUES)
def test_a_sample_always_fits_the_schema_guessed_from_it(value: object) -> None:
    schema = samples.of_value(value)

    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(value)


def test_a_sample_tells_pictures_sounds_and_files_apart() -> None:
    sample = {
        "photo": "data://.my/in/cat.PNG",
        "voice": "s3://bucket/hello.wav",
        "model": "data://a/b/model.bin",
        "inline": "data:image/png;base64,AAAA",
        "page": "https://example.org/x",
        "name": "Ada",
    }

    properties = samples.of_value(sample)["properties"]

    assert {name: one.get("format") for name, one in properties.items()} == {
        "photo": "image",
        "voice": "audio",
        "model": "file",
        "inline": "image",
        "page": "uri",
        "name": None,
    }


def test_text_that_is_no_json_is_a_text() -> None:
    assert samples.of_text("Good morning") == {"type": "string"}
    assert samples.of_text("  ") == {}


def test_the_stronger_source_wins_and_the_weaker_fills_the_gaps() -> None:
    strong = {"type": "object", "properties": {"a": {"type": "number"}, "b": {}}, "required": ["a"]}
    weak = {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "description": "First"},
            "b": {"type": "string"},
            "c": {"type": "string"},
        },
    }

    assert completed(strong, weak) == {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "string"}},
        "required": ["a"],
    }
    assert completed({"type": "string"}, {"type": "object"}) == {"type": "string"}
    assert either([{"type": "string"}, {}]) == {}


def test_a_declared_schema_is_taken_as_it_is() -> None:
    text = '{"input": {"type": "string", "maxLength": 9}, "output": true}'

    assert declared.of_file(text) == ({"type": "string", "maxLength": 9}, {})
    front = "---\ninput:\n  type: integer\n---\n# Title\n"
    assert declared.of_readme(front) == ({"type": "integer"}, None)
    assert declared.without_front_matter(front) == "# Title\n"
    assert declared.of_readme("---\ntitle: Hello\n---\n") == (None, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not valid JSON"),
        ("[]", 'an object with "input"'),
        ('{"input": 3}', "a schema is an object"),
        ('{"input": {"type": "strin"}}', "'strin' is not valid"),
        ('{"input": {"$ref": "https://example.org/s"}}', "only to its own parts"),
        ('{"input": ' + '{"not": ' * 50 + "{}" + "}" * 51, "levels deep"),
    ],
)
def test_a_declared_schema_that_is_none_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        declared.of_file(text)


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("a: &a [1, 2]\ninput: {enum: [*a, *a]}", "aliases are not allowed"),
        ("since: 2026-13-45", "not valid YAML"),
        ("input: " + "[" * 2000, "not valid YAML"),
    ],
)
def test_front_matter_that_cannot_be_read_or_means_gigabytes_is_refused(
    front: str, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        declared.of_readme(f"---\n{front}\n---\n")
