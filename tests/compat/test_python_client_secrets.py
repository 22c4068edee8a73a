"""The published Python client sets a secret on the real site; the algorithm sees it, and its change."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

from tests.live import Person, Site
from tests.python_client import connected

CODE = """import os

LOADED = os.environ.get("MAIL_PASSWORD", "nothing")
print("while loading:", LOADED[::-1])


def apply(input):
    return [LOADED, os.environ.get("MAIL_PASSWORD", "nothing")]
"""
DETAILS = {"label": "Postman", "tagline": "", "summary": ""}
SETTINGS = {
    "source_visibility": "closed",
    "license": "apl",
    "network_access": "isolated",
    "pipeline_enabled": False,
    "language": "python3-1",
    "environment": "cpu",
}


@pytest.fixture(scope="session")
def keeper(live: Site) -> Person:
    return live.person("keeper_of_secrets")


def test_algorithm_reads_the_secret_its_author_set_and_changed(live: Site, keeper: Person) -> None:
    with connected(live.url, keeper.key) as client:
        algorithm = client.algo(f"{keeper.name}/S{uuid.uuid4().hex[:20]}")
        algorithm.create(DETAILS, SETTINGS, {"sample_input": '"you"'})
        saved = httpx.post(
            f"{live.url}/algorithms/{algorithm.path}/files/",
            headers=keeper.headers,
            json={"changes": {f"src/{algorithm.algoname}.py": CODE}},
        )
        assert saved.status_code == 200, saved.text
        place = f"/v1/algorithms/{algorithm.get_algorithm_id()}/secrets"

        made = algorithm.set_secret("mail", "MAIL_PASSWORD", "first-value")
        compiled = algorithm.compile()

        assert compiled["compilation"]["successful"], compiled["compilation"]["output"]
        assert "while loading: eulav-tsrif" in compiled["compilation"]["output"]
        assert algorithm.get_secrets() == {"secrets": [made], "results": [made]}
        algorithm.publish(
            settings={"algorithm_callability": "private"},
            version_info={"version_type": "minor", "sample_input": '"you"'},
        )
        called = [
            client.algo(f"{algorithm.path}/{version}")
            for version in ("0.1.0", compiled["version_info"]["git_hash"])
        ]
        assert [algo.pipe("").result for algo in called] == [["first-value", "first-value"]] * 2

        client.putHelper(f"{place}/{made['id']}", json.dumps({"secret_value": "second-value"}))
        assert [algo.pipe("").result for algo in called] == [["second-value", "second-value"]] * 2

        client.deleteHelper(f"{place}/{made['id']}")
        assert [algo.pipe("").result for algo in called] == [["nothing", "nothing"]] * 2
        assert "first-value" not in live.log
        assert "second-value" not in live.log
