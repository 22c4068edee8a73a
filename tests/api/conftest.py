from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from tests.api.identity_provider import AUDIENCE, ISSUER, serving_keys


@pytest.fixture(scope="package")
def keys_address() -> Iterator[str]:
    with serving_keys() as address:
        yield address


@pytest.fixture
def provider(settings: LazySettings, keys_address: str) -> None:
    """Trust the identity provider of the tests."""
    settings.JWT_ISSUER = ISSUER
    settings.JWT_AUDIENCE = AUDIENCE
    settings.JWT_JWKS_URL = keys_address
