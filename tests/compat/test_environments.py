"""Languages, environments, templates and repository hosts, as clients ask for them."""

from __future__ import annotations

import io
import json
import tarfile
import uuid

import pytest
from django.test import Client

from algorithms import environments, resolving
from marketplace.lib.errors import Conflict
from tests.compat.management_api import Api
from tests.factories import AlgorithmFactory, VersionFactory

EDGE = "/v1/algorithm-environments/edge"


def test_languages_and_environments_are_told(api: Api) -> None:
    status, languages = api.get("/v1/algorithm-environments/edge/languages")
    assert status == 200
    assert [language["name"] for language in languages] == ["python3"]
    assert json.loads(languages[0]["configuration"])["req_files"] == ["requirements.txt"]

    _, body = api.get("/v1/algorithm-environments/edge/languages/python3/environments")
    (environment,) = body["environments"]
    assert environment["machine_type"] == "CPU"
    assert environment["language"] == languages[0]
    assert environment["created_at"].endswith("Z")
    assert "." in environment["created_at"]
    assert api.get("/v1/algorithm-environments/edge/languages/cobol/environments")[0] == 404


def test_template_is_a_tar_archive_with_placeholders(api: Api) -> None:
    _, body = api.get("/v1/algorithm-environments/edge/languages/python3/environments")
    specification = body["environments"][0]["environment_specification_id"]
    path = "/v1/algorithm-environments/edge/environment-specifications"

    response = Client().get(f"{path}/{specification}/template")

    with tarfile.open(fileobj=io.BytesIO(response.content), mode="r:gz") as archive:
        assert "src/__ALGO__.py" in archive.getnames()
    assert Client().get(f"{path}/{uuid.uuid4()}/template").status_code == 404


def test_internal_repository_host_is_the_only_one(api: Api) -> None:
    assert [scm["id"] for scm in api.get("/v1/scms")[1]["results"]] == ["internal"]
    assert api.get("/v1/scms/internal")[1]["provider"] == "internal"
    assert api.get("/v1/scms/internal/oauth/status") == (
        200,
        {"authorization_status": "unauthorized"},
    )
    status, body = api.get("/v1/scms/github")
    assert (status, body["error"]["code"]) == (404, 4009)


def test_administrators_retire_a_specification_and_what_is_built_goes_on(
    api: Api, admin_key: str
) -> None:
    algorithm = AlgorithmFactory.create()
    row = algorithm.environment
    version = VersionFactory.create(build__algorithm=algorithm)
    path = f"{EDGE}/environment-specifications/{row.specification_id}"
    admin = {"Authorization": f"Simple {admin_key}"}

    refused = Client().delete(path)
    retired = Client().delete(path, headers=admin)
    row.refresh_from_db()
    listed = api.get(f"{EDGE}/languages/python3/environments")[1]["environments"]
    with pytest.raises(Conflict, match=r"Python 3\.11 is retired: nothing new is built on it"):
        environments.require_buildable(row)
    runs = resolving.of_version_row(version).spec.interpreter
    offered = Client().post(f"{path}/syncs", headers=admin)

    assert (refused.status_code, retired.status_code, row.state) == (401, 204, "retired")
    assert listed == []
    assert runs == "python311"
    assert [one["state"] for one in offered.json()["environments"]] == ["offered"]
    unknown = f"{EDGE}/environment-specifications/{uuid.uuid4()}"
    assert Client().delete(unknown, headers=admin).status_code == 404


def test_all_environments_are_for_administrators(api: Api) -> None:
    assert api.get("/v1/algorithm-environments/edge/environments/available")[0] == 403
