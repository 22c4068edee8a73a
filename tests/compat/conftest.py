"""Fixtures of the Data API's tests."""

from __future__ import annotations

from tests.compat.data_api import models, wire
from tests.data_collections.conftest import own_storage, running

__all__ = ["models", "own_storage", "running", "wire"]
