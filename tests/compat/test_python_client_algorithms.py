"""The published Python client builds and publishes an algorithm on the real site, unmodified."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.live import Person, Site
from tests.python_client import connected

SETTINGS = {
    "source_visibility": "closed",
    "license": "apl",
    "network_access": "isolated",
    "pipeline_enabled": False,
    "language": "python3-1",
    "environment": "cpu",
}
DETAILS = {"label": "Hello", "tagline": "Says hello", "summary": "soon from the README"}


@pytest.fixture(scope="session")
def author(live: Site) -> Person:
    return live.person("workshop_author")


@pytest.fixture
def client(live: Site, author: Person) -> Iterator[Any]:
    with connected(live.url, author.key) as client:
        yield client


@pytest.fixture
def algorithm(client: Any, author: Person) -> Any:
    """A new algorithm, made as the client makes it."""
    made = client.algo(f"{author.name}/A{uuid.uuid4().hex[:20]}")
    made.create(DETAILS, SETTINGS, {"sample_input": '"you"'})
    return made


def save(live: Site, author: Person, algorithm: Any, changes: dict[str, str]) -> None:
    response = httpx.post(
        f"{live.url}/algorithms/{algorithm.path}/files/",
        headers=author.headers,
        json={"changes": changes},
    )
    assert response.status_code == 200, response.text


def test_algorithm_goes_from_template_to_a_called_version(
    client: Any, algorithm: Any, author: Person
) -> None:
    name = algorithm.algoname
    assert algorithm.exists()
    assert not client.algo(f"{author.name}/Nothing").exists()

    compiled = algorithm.compile()

    sha = compiled["version_info"]["git_hash"]
    assert compiled["compilation"]["successful"], compiled["compilation"]["output"]
    assert compiled["build"]["status"] == "succeeded"
    assert "semantic_version" not in compiled["version_info"]

    (build,) = algorithm.get_builds()["results"]
    assert build["commit_sha"] == sha
    assert algorithm.get_build(build["build_id"]) == build
    log = algorithm.get_build_logs(build["build_id"])["logs"]
    assert "Beginning container customization" in log
    assert log == compiled["compilation"]["output"]

    by_hash = client.algo(f"{author.name}/{name}/{sha}").pipe("you")
    assert "you" in str(by_hash.result)

    published = algorithm.publish(
        settings={"algorithm_callability": "public"},
        version_info={"version_type": "minor", "release_notes": "First", "sample_input": '"you"'},
    )
    assert published["version_info"]["semantic_version"] == "0.1.0"
    assert "you" in published["version_info"]["sample_output"]

    called = client.algo(f"{author.name}/{name}/0.1.0").pipe("you")
    assert called.result == by_hash.result
    assert algorithm.info(sha)["version_info"]["semantic_version"] == "0.1.0"
    listed = algorithm.versions(limit=10, published=True, callable=True)["results"]
    assert [item["version_info"]["git_hash"] for item in listed] == [sha]
    assert algorithm.info()["results"] == listed
    assert algorithm.get_build(build["build_id"])["version_info"] == {"semantic_version": "0.1.0"}


def test_publish_without_a_new_build_tells_the_client_to_compile(algorithm: Any) -> None:
    algorithm.compile()
    algorithm.publish(version_info={"sample_input": '"you"'})

    with pytest.raises(Exception, match=r"Response \[400\]"):
        algorithm.publish()

    assert len(algorithm.versions()["results"]) == 1
    algorithm.compile()
    again = algorithm.publish(version_info={"version_type": "revision"})
    assert again["version_info"]["semantic_version"] == "0.1.1"


def test_update_of_the_client_succeeds_and_changes_nothing(algorithm: Any) -> None:
    before = algorithm.client.getJsonHelper(f"/v1/algorithms/{algorithm.path}")

    assert algorithm.update(details=DETAILS | {"label": "New"}, settings=SETTINGS) == before


def test_client_reads_languages_environments_template_and_hosts(
    client: Any, algorithm: Any, tmp_path: Any
) -> None:
    assert "python3" in [language["name"] for language in client.get_supported_languages()]
    environments = client.get_environment("python3")["environments"]
    specification = environments[0]["environment_specification_id"]
    client.get_template(specification, str(tmp_path / "template"))
    assert (tmp_path / "template/src/__ALGO__.py").exists()
    assert [scm["id"] for scm in client.scms()["results"]] == ["internal"]
    assert algorithm.get_scm_status() == {"scm_connection_status": "active"}
    assert client.get_algorithm_errors(algorithm.get_algorithm_id()) == []


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("requirements.txt", "agorithm-no-such-package==1.0\n", "agorithm-no-such-package"),
        ("src/{name}.py", "import json\n\nvalue = 1 / 0\n", "line 3"),
        ("src/{name}.py", "def apply(:\n", "line 1"),
        ("src/{name}.py", "def run(input):\n    return input\n", "apply"),
    ],
)
def test_build_that_fails_says_which_line_or_requirement(
    live: Site, author: Person, algorithm: Any, path: str, text: str, told: str
) -> None:
    save(live, author, algorithm, {path.format(name=algorithm.algoname): text})

    compiled = algorithm.compile()

    assert compiled["compilation"]["successful"] is False
    assert told in compiled["compilation"]["output"].splitlines()[-1]
    assert compiled["build"]["status"] == "failed"


def test_module_reads_its_authors_data_while_it_is_built(
    live: Site, author: Person, client: Any, algorithm: Any
) -> None:
    folder = client.dir(f"data://{author.name}/{algorithm.algoname}")
    folder.create()
    client.file(f"{folder.url.removeprefix('/v1/data/')}/word.txt").put("forty-two")
    code = f"""
import Algorithmia

client = Algorithmia.client()
with open(client.file("data://{author.name}/{algorithm.algoname}/word.txt").getFile().name) as file:
    WORD = file.read()
print("loaded", WORD)


def apply(input):
    return WORD
"""
    save(live, author, algorithm, {f"src/{algorithm.algoname}.py": code})

    compiled = algorithm.compile()

    assert compiled["compilation"]["successful"], compiled["compilation"]["output"]
    assert "loaded forty-two" in compiled["compilation"]["output"]
    sha = compiled["version_info"]["git_hash"]
    assert client.algo(f"{algorithm.path}/{sha}").pipe("").result == "forty-two"
