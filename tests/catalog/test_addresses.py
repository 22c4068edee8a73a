from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from tests.factories import AlgorithmFactory, BuildFactory, VersionFactory


@pytest.fixture
def api_page() -> str:
    algorithm = AlgorithmFactory.create(is_public=True)
    build = BuildFactory.create(algorithm=algorithm)
    VersionFactory.create(build=build, callability="public", sample_input='"World"')
    return f"/algorithms/{algorithm}/api/"


@pytest.mark.django_db
def test_examples_name_the_address_at_which_the_visitor_found_the_site(
    client: Client, api_page: str, settings: Settings
) -> None:
    settings.IS_SITE_URL_GIVEN = False

    page = client.get(api_page, headers={"host": "192.0.2.7:9000"}).content.decode()

    assert "curl -s http://192.0.2.7:9000/v1/algo/" in page
    assert "127.0.0.1:8000" not in page


@pytest.mark.django_db
def test_examples_name_the_address_that_the_operator_has_given(
    client: Client, api_page: str, settings: Settings
) -> None:
    settings.IS_SITE_URL_GIVEN = True
    settings.SITE_URL = "https://algorithms.example.org"

    page = client.get(api_page, headers={"host": "192.0.2.7:9000"}).content.decode()

    assert "curl -s https://algorithms.example.org/v1/algo/" in page
    assert "192.0.2.7" not in page
