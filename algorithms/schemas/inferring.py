"""Find the schemas of a build where its author has said them, the most reliable place first."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from algorithms import repositories
from algorithms.models import Build, Version
from algorithms.schemas import declared, samples, signature
from algorithms.schemas.shapes import Schema, completed
from algorithms.schemas.signature import Said
from marketplace.lib.errors import NotFound, TooLarge
from runners import contracts

Source = Version.SchemaSource


@dataclass(frozen=True)
class Schemas:
    """What a version takes and answers, and how we know."""

    input: Schema | None = None
    output: Schema | None = None
    source: Source = Source.UNKNOWN
    awaits_output: bool = False
    """Whether only the run of a sample, still to come, can tell what is answered."""

    @property
    def is_promise(self) -> bool:
        """Whether an author said it; a guess from one sample binds nobody."""
        return self.source in {Source.DECLARED, Source.SIGNATURE, Source.DOCSTRING}

    @property
    def input_text(self) -> str:
        return _text(self.input)

    @property
    def output_text(self) -> str:
        return _text(self.output)


NOT_KNOWN: Final = Schemas()


def infer(build: Build, sample_input: str = "", sample_output: str = "") -> Schemas:
    """The schemas of a build; raise BadInput if its author has declared what is none."""
    files = _Files(build)
    stated = _stated(files)
    if stated == (None, None):
        stated = _described(build)
    file = contracts.file_of(build.module)
    is_apply = build.contract == "apply" and file.endswith(".py")
    read = signature.read(files.text(file) if is_apply else "")
    sampled = Said(samples.of_text(sample_input), samples.of_text(sample_output))
    found = _together(stated, read, sampled)
    awaits = found.output is None and bool(sample_input.strip()) and not sample_output
    return replace(found, awaits_output=awaits)


def of_texts(input_text: str, output_text: str) -> Schemas:
    """What an author typed in a form; raise BadInput if it is no schema."""
    return Schemas(
        declared.written(input_text, what="The input schema"),
        declared.written(output_text, what="The output schema"),
        Source.DECLARED,
    )


def of_version(version: Version) -> Schemas:
    return Schemas(version.input_schema, version.output_schema, Source(version.schema_source))


def _together(
    stated: tuple[Schema | None, Schema | None], read: signature.Signature, sampled: Said
) -> Schemas:
    """A side that is declared stands as declared; the other is put together from the rest."""
    weak = [(Source.SIGNATURE, read.hints), (Source.DOCSTRING, read.docstring)]
    weak.append((Source.SAMPLE, sampled))
    input_, input_source = _side(stated[0], [(source, said.input) for source, said in weak])
    output, output_source = _side(stated[1], [(source, said.output) for source, said in weak])
    order = list(Source)
    best = min((input_source, output_source), key=order.index)
    return Schemas(input_, output, best)


def _side(
    stated: Schema | None, sources: list[tuple[Source, Schema]]
) -> tuple[Schema | None, Source]:
    if stated is not None:
        return stated, Source.DECLARED
    schema: Schema = {}
    best = Source.UNKNOWN
    for source, said in sources:
        tells_a_type = bool(set(said) - {"description", "title"})
        if tells_a_type and best is Source.UNKNOWN:
            best = source
        schema = completed(schema, said)
    return (schema, best) if best is not Source.UNKNOWN else (None, best)


def _stated(files: _Files) -> tuple[Schema | None, Schema | None]:
    text = files.text(declared.FILE)
    if text:
        return declared.of_file(text)
    return declared.of_readme(files.text("README.md"))


def _described(build: Build) -> tuple[Schema | None, Schema | None]:
    """What the contract found declared beside the code when it was built."""
    operations = build.interface.get("operations") or [{}]
    sides = [operations[0].get(name) for name in ("input", "output")]
    input_, output = (
        None if side is None else declared.checked(side, what="What its contract says of it")
        for side in sides
    )
    return input_, output


class _Files:
    """The text files of a build's commit."""

    def __init__(self, build: Build) -> None:
        self._build = build

    def text(self, path: str) -> str:
        """The file, or nothing if there is none that is text."""
        build = self._build
        try:
            content = repositories.read(build.algorithm_id, build.commit, path)
        except (NotFound, TooLarge):
            return ""
        return content.decode(errors="replace")


def _text(schema: Schema | None) -> str:
    return "" if schema is None else json.dumps(schema, indent=2, ensure_ascii=False)
