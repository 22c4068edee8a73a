"""Whatever is asked, the site answers as the document says: no other status, no other shape.

schemathesis makes the requests up; half of them name things that exist. A few examples each
run always; SCHEMATHESIS_EXAMPLES=50 looks harder.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from typing import Any, Final

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from marketplace.reference.document import SUBJECTS, document
from tests.journeys.authoring import SETTINGS
from tests.live import Person, Site
from tests.python_client import connected

EXAMPLES: Final = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "2"))
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_NEVER: Final = frozenset(
    {
        "delete_v1_users_reference",
        "post_v1_algorithms_owner_name_compile",
        "post_v1_algorithms_algorithm_id_compile",
        "post_v1_spend_stop",
    }
)
"""What would end what others need (an account, all paid calls), or takes long for what it shows."""


@pytest.fixture(scope="module")
def person(live: Site) -> Person:
    return live.person("prober")


@pytest.fixture(scope="module")
def administrator(live: Site) -> str:
    made = live.manage("add_person", "probing_admin", "--keep", "--staff", "--admin-key")
    return str(json.loads(made)["admin_key"])


@pytest.fixture(scope="module")
def known(live: Site, person: Person) -> dict[str, str]:
    """Path parameters that lead to something."""
    with connected(live.url, person.key) as client:
        algorithm = client.algo(f"{person.name}/Probed")
        made = algorithm.create({"label": "Probed"}, SETTINGS)
        client.dir(f"data://{person.name}/probed").create()
    return {
        "owner": person.name,
        "name": "Probed",
        "algorithm_id": str(made["id"]),
        "reference": person.name,
        "username": person.name,
        "path": f"{person.name}/probed",
        "language": "python3",
        "scm_id": "internal",
    }


@pytest.mark.parametrize("tag", SUBJECTS)
def test_every_answer_is_one_that_was_promised(
    live: Site, person: Person, administrator: str, known: dict[str, str], tag: str
) -> None:
    chosen = random.Random(tag)
    keys = [{"Authorization": key} for key in (person.key, person.key, administrator, "simWrong")]

    for operation in _operations(tag):

        @hypothesis.given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def probe(case: schemathesis.Case[Any]) -> None:
            if chosen.random() < 0.7:
                case.path_parameters.update(
                    {name: known[name] for name in case.path_parameters if name in known}
                )
            headers = chosen.choice(keys)
            response = case.call(base_url=live.url, headers=headers)
            case.validate_response(response, checks=CHECKS)

        probe()


def _operations(tag: str) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(document())
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        raw = operation.definition.raw
        is_refused = raw["summary"] == "Not here" and operation.method != "get"  # in each alike
        if tag in (operation.tags or []) and raw["operationId"] not in _NEVER and not is_refused:
            yield operation
