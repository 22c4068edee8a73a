"""Models written with our SDK: recognised, built, described and called in real sandboxes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from runners import backends, builder, contracts
from runners.builder import BuildSpec
from runners.contracts import fields
from runners.contracts.service import Service
from runners.errors import BuildFailed
from runners.groups import PoolLimits
from runners.instance import Surroundings
from runners.pool import Pool
from runners.specs import Event, Failure, Outcome, RunSpec
from tests.runners.building import Building, _nobody, backend, run_build, write_tree
from tests.runners.sandboxes import LIMITS, asking

MODEL = """
import os
import time
import modelcloud
from modelcloud.data_types import number, text, image
import runway

@modelcloud.setup(options={"name": modelcloud.category(choices=["black", "grey"])})
def setup(options):
    return options["name"]

@modelcloud.command("brightness", inputs={"photo": image(channels=1)},
                    outputs={"label": text(), "value": number(min=0, max=255)})
def brightness(model, inputs):
    value = sum(inputs["photo"].getdata()) / (inputs["photo"].width * inputs["photo"].height)
    return {"label": model, "value": value}

@modelcloud.command("double", inputs={"n": runway.number(default=2, max=10)},
                    outputs={"n": runway.number}, description="Twice as much")
def double(model, inputs):
    print("doubling", inputs["n"])
    if inputs["n"] == 9:
        os._exit(3)
    if inputs["n"] == 7:
        raise ValueError("not seven")
    return 2 * inputs["n"]

@modelcloud.command("count", inputs={"to": number(), "pause": number()}, outputs={"n": number()})
def count(model, inputs):
    for n in range(inputs["to"]):
        time.sleep(inputs["pause"])
        yield n, (n + 1) / inputs["to"]

if __name__ == "__main__":
    modelcloud.run(port=9999)
"""
PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def test_model_wins_over_a_procfile_and_apply(tmp_path: Path) -> None:
    write_tree(tmp_path, cloud_model_dot_py=MODEL, Procfile="web: a")

    found = contracts.detect(tmp_path)

    assert (found.contract, found.module) == ("service", "cloud_model.py")
    assert found.command == "python cloud_model.py"


def test_model_without_commands_is_told_what_it_lacks(tmp_path: Path) -> None:
    write_tree(tmp_path, runway_model_dot_py="import runway\nrunway.run()\n")

    with pytest.raises(BuildFailed, match=r"runway_model\.py has no @modelcloud\.command"):
        contracts.detect(tmp_path)


def test_configuration_says_python_entrypoint_and_packages(tmp_path: Path) -> None:
    said = """
python: 3.6
entrypoint: python cloud_model.py --small
gpu: yes
build_steps:
  - pip install runway-python==0.6.1 'six>=1.10'
  - pip install -r requirements.txt
  - if_gpu: 2026-01-31
"""
    write_tree(tmp_path, cloud_model_dot_py=MODEL, modelcloud_dot_yml=said)

    service = Service()

    assert service.python(tmp_path) == "3.6"
    assert contracts.detect(tmp_path).command == "python cloud_model.py --small"
    assert service.requirements(tmp_path)[0] == "six>=1.10"
    assert [note.split(": ")[1].split(" ")[0:2] for note in service.notes(tmp_path)] == [
        ["the", "build"],
        ["the", "key"],
    ]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("python: 3.10", "needs quotes"),
        ("options: 3", "options is a list"),
        ("- a", "a list of keys"),
        ("python: [", "not valid YAML"),
        ("options: {a: &a [1], b: [*a, *a]}", "aliases are not allowed"),
        ("build_steps: [pip install 'six]", "No closing quotation"),
    ],
)
def test_configuration_that_cannot_be_read_is_refused(
    tmp_path: Path, said: str, sentence: str
) -> None:
    write_tree(tmp_path, cloud_model_dot_py=MODEL, runway_dot_yml=said)

    with pytest.raises(BuildFailed, match=sentence):
        contracts.detect(tmp_path)


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ({"type": "any"}, {}),
        ({"type": "boolean", "default": False}, {"type": "boolean", "default": False}),
        ({"type": "category", "oneOf": ["s", "l"]}, {"enum": ["s", "l"]}),
        (
            {"type": "number", "min": 0, "max": 1, "step": 0.5},
            {"type": "number", "minimum": 0, "maximum": 1, "x-step": 0.5},
        ),
        (
            {"type": "array", "itemType": {"type": "text", "minLength": 1}, "maxLength": 3},
            {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 3},
        ),
        (
            {"type": "file", "extension": ".pkl", "isDirectory": False},
            {
                "type": ["string", "null"],
                "format": "uri-reference",
                "x-widget": "file",
                "x-directory": False,
                "x-accept": ".pkl",
            },
        ),
        ({"type": "text", "description": "d"}, {"type": "string", "description": "d"}),
        ({"type": "something new"}, {}),
    ],
)
def test_each_type_has_its_schema(field: dict[str, Any], schema: dict[str, Any]) -> None:
    assert fields.schema(field) == schema


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Building, RunSpec]:
    options = "options: {name: grey}\n"
    tree = write_tree(
        tmp_path_factory.mktemp("tree"), cloud_model_dot_py=MODEL, modelcloud_dot_yml=options
    )
    building = run_build(tree)
    spec = BuildSpec("python311", tree, "alice/Grey", limits=LIMITS)
    return building, builder.run_spec(spec, building.done)


def test_commands_and_their_fields_are_known_after_the_build(
    built: tuple[Building, RunSpec],
) -> None:
    building, _ = built

    interface = building.done.interface

    assert building.log.index("Described itself") < building.log.index("Setting up model...")
    assert [one["name"] for one in interface["operations"]] == ["brightness", "double", "count"]
    assert interface["source"] == "introspected"
    assert interface["options"]["properties"] == {
        "name": {"enum": ["black", "grey"], "default": "grey"}
    }
    photo, double, _ = interface["operations"]
    assert photo["cancel"] == "cooperative"
    assert photo["input"]["required"] == ["photo"]
    assert photo["input"]["properties"]["photo"]["contentMediaType"] == "image/*"
    assert double["description"] == "Twice as much"
    assert double["input"] == {
        "type": "object",
        "properties": {"n": {"type": "number", "maximum": 10, "default": 2}},
        "required": [],
    }


@pytest.fixture(params=backends.NAMES)
async def pool(request: pytest.FixtureRequest) -> AsyncIterator[Pool]:
    host = request.getfixturevalue("docker_host") if request.param == "docker" else ""
    chosen = backends.make(request.param, data_dir=Path(settings.DATA_DIR), docker_host=host)
    around = replace(_around(), backend=chosen)
    pool = Pool(around, PoolLimits(slots=1))
    yield pool
    await pool.stop()


async def test_commands_are_called_watched_and_cancelled_by_their_names(
    built: tuple[Building, RunSpec], pool: Pool
) -> None:
    _, spec = built
    heard: list[Event] = []
    photo = json.dumps({"photo": PIXEL})
    asked = [("brightness", photo), ("double", '{"n": 4}'), ("double", '{"n": 7}')]
    asked += [("brightness", "{}"), ("../setup", "{}")]

    answers = [await pool.run(spec, asking(body, operation=name)) for name, body in asked]
    counting = asking('{"to": 2, "pause": 0.2}', operation="count", hear=heard.append)
    counted = await pool.run(spec, counting)
    seven = await pool.run(spec, asking('{"n": 7}', operation="double", hear=heard.append))
    await _cancelled(pool, spec)

    assert [json.loads(one.body) for one in (*answers[:2], counted)] == [
        {"label": "grey", "value": 0.0},
        {"n": 8},
        {"n": 1},
    ]
    told = [(one.progress, one.output) for one in heard]
    assert told[0] == (0.5, b'{"n": 0}')
    assert told[1:] in ([], [(1.0, b'{"n": 1}')])  # left out if it came at once
    failures = [one.failure for one in answers[2:]]
    assert [(one.error_type, one.message) for one in failures[:2] if one] == [
        (
            "AlgorithmError",
            "The app answered 500: Error during inference: ValueError('not seven').",
        ),
        ("InputError", "The app answered 400: Missing input: photo."),
    ]
    assert failures[0] is not None
    assert failures[2] is not None
    assert failures[2].error_type == "AlgorithmError"
    assert "raise ValueError" in failures[0].stacktrace
    assert seven.failure is not None
    assert seven.failure.message == failures[0].message


async def _cancelled(pool: Pool, spec: RunSpec) -> None:
    """Cancel a watched call and one that nobody watches; both leave the sandbox as it is."""
    for hear in (lambda _: None, None):
        to_a_million = '{"to": 1000000, "pause": 0.01}'
        endless = asking(to_a_million, call_id=str(hear), operation="count", hear=hear)
        call = asyncio.create_task(pool.run(spec, endless))
        await asyncio.sleep(0.3)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    after = await pool.run(spec, asking('{"n": 1}', operation="double"))
    assert (after.body, after.timings.is_cold) == (b'{"n": 2}', False)


def test_kept_sandbox_stays_and_says_what_its_owner_may_read(
    built: tuple[Building, RunSpec],
) -> None:
    spec = replace(built[1], kept="launch", port=9123, is_shareable=True)
    heard: list[str] = []

    async def life() -> tuple[Failure | None, list[Outcome], bool, str]:
        pool = Pool(_around(), PoolLimits(slots=2, idle_seconds=0.0))
        try:
            failure = await pool.keep(spec, "owner", "", heard.append)
            bodies = [("owner", '{"n": 3}'), ("stranger", '{"n": 4}'), ("owner", '{"n": 9}')]
            outcomes = []
            for payer, body in bodies:
                outcomes.append(await pool.run(spec, asking(body, operation="double", payer=payer)))
                kept = pool.kept("launch")
                assert kept is not None
                if payer == "stranger":
                    was_usable = kept.is_usable and kept.calls == 2 and kept.busy_us > 0
            assert kept is not None
            return failure, outcomes, was_usable, await kept.why_gone()
        finally:
            await pool.stop()

    failure, outcomes, was_usable, why = asyncio.run(life())

    assert failure is None
    assert [one.timings.is_cold for one in outcomes] == [False, False, False]
    assert [json.loads(one.body) for one in outcomes[:2]] == [{"n": 6}, {"n": 8}]
    assert was_usable
    assert "Starting model server at http://127.0.0.1:9123..." in heard
    assert "doubling 3" in heard
    assert "doubling 4" not in heard
    assert why == "The algorithm's process exited with code 75 between two calls."


def test_model_that_needs_a_file_is_described_without_its_setup(tmp_path: Path) -> None:
    model = MODEL.replace('options={"name": ', 'options={"weights": modelcloud.file(), "name": ')
    tree = write_tree(tmp_path, cloud_model_dot_py=model.replace("return options", "raise options"))

    building = run_build(tree)

    assert "Setup is not tried: it needs weights, given when it goes online" in building.lines
    assert list(building.done.interface["options"]["properties"]) == ["weights", "name"]


def _around() -> Surroundings:
    return Surroundings(
        backend=backend(),
        platform=_nobody,
        platform_host="market.example",
        executor=ThreadPoolExecutor(4),
        parallel_calls=1,
    )
