"""One version as an OpenAPI 3.1 document, from which any language makes a client."""

from __future__ import annotations

import json
from typing import Any, Final

from algorithms.models import Version
from algorithms.schemas.shapes import Schema

_ERROR: Final[Schema] = {
    "type": "object",
    "description": "Nothing was charged for a call that was refused or failed.",
    "properties": {
        "message": {"type": "string"},
        "error_type": {"type": "string", "examples": ["InputError", "AlgorithmError"]},
        "stacktrace": {"type": "string", "description": "For the author and for open source."},
    },
    "required": ["message"],
}
_METADATA: Final[Schema] = {
    "type": "object",
    "properties": {
        "content_type": {"type": "string", "enum": ["json", "text", "binary", "void"]},
        "duration": {"type": "number", "description": "Seconds inside the algorithm."},
        "request_id": {"type": "string"},
        "version": {"type": "string"},
    },
}
_REFUSALS: Final = {
    "402": "The caller's credit or budget does not allow the call.",
    "429": "The account has as many calls running as it may.",
    "500": "The platform failed, not the algorithm.",
    "503": "No sandbox can take the call at the moment; Retry-After says when to come again.",
}


def document(version: Version, *, site: str) -> dict[str, Any]:
    """The document of one version: where it is called, with what, and what comes back."""
    algorithm = version.algorithm
    text = algorithm.tagline or algorithm.label
    return {
        "openapi": "3.1.0",
        "info": {
            "title": algorithm.label,
            "version": str(version.number),
            "summary": text,
            "description": (
                "Input and output are described, not enforced: a schema refuses no call. "
                f"It was {version.get_schema_source_display().lower()}."
            ),
        },
        "servers": [{"url": site}],
        "security": [{"key": []}],
        "paths": {f"/v1/algo/{version}": {"post": _operation(version)}},
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "The word Simple, a space and an API key.",
                }
            },
            "schemas": {
                "Input": _part("Input", version.input_schema),
                "Output": _part("Output", version.output_schema),
                "Error": _ERROR,
                "Metadata": _METADATA,
                "Answer": {
                    "type": "object",
                    "properties": {
                        "result": {"$ref": "#/components/schemas/Output"},
                        "error": {"$ref": "#/components/schemas/Error"},
                        "metadata": {"$ref": "#/components/schemas/Metadata"},
                    },
                },
            },
        },
    }


def _operation(version: Version) -> dict[str, Any]:
    refused = {"schema": {"$ref": "#/components/schemas/Answer"}}
    return {
        "operationId": f"call_{version.algorithm.owner.name}_{version.algorithm.name}",
        "summary": version.algorithm.label,
        "parameters": [
            {
                "name": "timeout",
                "in": "query",
                "description": "Seconds that the call may take.",
                "schema": {"type": "number", "exclusiveMinimum": 0},
            },
            {
                "name": "output",
                "in": "query",
                "description": "raw: only the result. void: answer at once, fetch it later.",
                "schema": {"type": "string", "enum": ["default", "raw", "void"]},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": _media("Input", version.sample_input)},
        },
        "responses": {
            "200": {
                "description": "The result, or an error object if the call was refused or failed.",
                "content": {"application/json": {"schema": refused["schema"]}},
            },
            **{
                status: {"description": words, "content": {"application/json": refused}}
                for status, words in _REFUSALS.items()
            },
        },
    }


def _media(name: str, sample: str) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    if sample.strip():
        try:
            media["example"] = json.loads(sample)
        except ValueError:
            media["example"] = sample
    return media


def _part(name: str, schema: Schema | None) -> Schema:
    """The schema with references that point where it now stands."""
    if schema is None:
        return {"description": "Its author has not said what it looks like."}
    moved: Schema = _moved(schema, f"#/components/schemas/{name}")
    return moved


def _moved(value: Any, base: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [_moved(one, base) for one in value]
    if not isinstance(value, dict):
        return value
    moved = {key: _moved(one, base) for key, one in value.items()}
    reference = moved.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        moved["$ref"] = base + reference.removeprefix("#").rstrip("/")
    return moved
