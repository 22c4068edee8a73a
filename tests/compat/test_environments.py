"""Languages, environments, templates and repository hosts, as clients ask for them."""

from __future__ import annotations

import io
import json
import tarfile
import uuid

from django.test import Client

from tests.compat.management_api import Api


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


def test_all_environments_are_for_administrators(api: Api) -> None:
    assert api.get("/v1/algorithm-environments/edge/environments/available")[0] == 403
