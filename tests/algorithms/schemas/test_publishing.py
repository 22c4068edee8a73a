"""A version carries the schemas of its commit, and they bound its number."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from algorithms import repositories
from algorithms.models import Algorithm, Version
from algorithms.publishing import planned, publish
from algorithms.repositories import Author
from algorithms.schemas import of_texts
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput
from marketplace.lib.semver import Part
from tests.factories import AlgorithmFactory, BuildFactory

ADA = Author("alice", "alice@example.org")
TYPED = "def apply(input: {hint}) -> str:\n    return str(input)\n"


@pytest.fixture
def algorithm(alice: Actor, settings: Settings, tmp_path: Path) -> Algorithm:
    settings.DATA_DIR = str(tmp_path)
    owned: Algorithm = AlgorithmFactory.create(owner=Owner.objects.get(name="alice"), name="Hello")
    files = {"src/Hello.py": TYPED.format(hint="str").encode()}
    commit = repositories.create(owned.pk, files=files, author=ADA, message="First")
    BuildFactory.create(algorithm=owned, commit=commit)
    return owned


def rebuilt(algorithm: Algorithm, **files: str) -> None:
    names = {"source": "src/Hello.py", "schema": "schema.json"}
    changes: dict[str, bytes | None] = {names[key]: text.encode() for key, text in files.items()}
    commit = repositories.commit(
        algorithm.pk,
        changes=changes,
        parent=repositories.head(algorithm.pk),
        author=ADA,
        message="Next",
    )
    BuildFactory.create(algorithm=algorithm, commit=commit)


def test_a_version_keeps_the_schemas_of_its_commit(algorithm: Algorithm, alice: Actor) -> None:
    version = publish(algorithm, by=alice)

    version.refresh_from_db()
    assert version.input_schema == {"type": "string"}
    assert version.output_schema == {"type": "string"}
    assert version.schema_source == Version.SchemaSource.SIGNATURE


def test_a_narrower_input_must_be_a_major_release(algorithm: Algorithm, alice: Actor) -> None:
    publish(algorithm, by=alice, callability="public")
    rebuilt(algorithm, source=TYPED.format(hint="int"))

    plan = planned(algorithm, by=alice)
    with pytest.raises(BadInput, match="no longer a text"):
        publish(algorithm, by=alice, part=Part.MINOR)

    assert plan.smallest is Part.MAJOR
    assert plan.reasons == ("The input is no longer a text.",)
    assert [one.words for one in plan.differences] == [
        "The input is no longer a text.",
        "The input may now also be a whole number.",
    ]
    assert Version.objects.count() == 1


def test_what_the_author_writes_replaces_what_was_inferred(
    algorithm: Algorithm, alice: Actor
) -> None:
    given = of_texts('{"type": "string", "maxLength": 3}', "")

    version = publish(algorithm, by=alice, schemas=given)

    assert version.input_schema == {"type": "string", "maxLength": 3}
    assert version.output_schema is None
    assert version.schema_source == Version.SchemaSource.DECLARED


def test_a_broken_schema_file_is_said_and_nothing_is_published(
    algorithm: Algorithm, alice: Actor
) -> None:
    rebuilt(algorithm, schema='{"input": {"type": "strin"}}')

    with pytest.raises(BadInput, match=r"in schema\.json is no JSON Schema"):
        publish(algorithm, by=alice)

    assert not Version.objects.exists()
