"""Fixtures of the tests of the wire."""

from __future__ import annotations

from tests.compat.administration import admin_key, published
from tests.compat.data_api import models, wire
from tests.compat.management_api import api, hello, own_data_folder
from tests.data_collections.conftest import own_storage, running

__all__ = [
    "admin_key",
    "api",
    "hello",
    "models",
    "own_data_folder",
    "own_storage",
    "published",
    "running",
    "wire",
]
