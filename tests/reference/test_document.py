"""The OpenAPI document: complete, valid, served, and the one that is in the repository."""

from __future__ import annotations

import re

import orjson
import pytest
from django.conf import settings
from django.test import Client
from openapi_spec_validator import validate

from marketplace.reference.document import document, undescribed
from marketplace.reference.management.commands.write_reference import SNAPSHOT, as_text

REFUSED = "Not here"
OURS = ("/quote/", "/budgets", "/receipts", "/v1/usage", "/spend-stop", "/requests/", "/services/")
"""Parts of addresses that the predecessor had not."""
AGAIN = "The API has changed: run `python manage.py write_reference` and look at the difference."


def test_every_address_is_described() -> None:
    advice = "Give the view `described = {…}` (marketplace/api/describing.py says how)."

    assert undescribed() == [], advice


def test_document_is_valid_openapi_and_its_ids_are_unique() -> None:
    validate(document())

    ids = [
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))


def test_document_in_the_repository_is_the_one_that_is_served() -> None:
    assert (settings.BASE_DIR / SNAPSHOT).read_bytes() == as_text(), AGAIN


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/openapi.json", "/v1/openapispec"])
def test_anybody_fetches_the_document(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.json() == orjson.loads(as_text())


@pytest.mark.django_db
def test_page_shows_every_address_with_what_it_takes(client: Client) -> None:
    page = client.get("/docs/api/").content.decode()

    for path in document()["paths"]:
        if "{algorithm_id}" not in path:
            assert f'<code class="reference__path">{path}</code>' in page
    assert "Runs the sample input, which must work." in page
    assert "<script src=" not in page


def test_table_of_what_works_names_the_predecessors_addresses_and_no_others() -> None:
    page = (settings.BASE_DIR / "docs" / "reference" / "compatibility.md").read_text()
    named = set(re.findall(r"`([A-Z]+) (/v1/[^`]+)`", page))

    known = {
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/") and (operation["summary"] != REFUSED or method == "get")
    }

    ours = {
        (method, path)
        for method, path in known
        if any(word in path for word in OURS) or "{algorithm_id}" in path or "{operation}" in path
    }
    assert named - known == set()
    assert known - ours - named == set()
