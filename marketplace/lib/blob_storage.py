"""Where the bytes of collections rest, as entries of Django's STORAGES."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def in_s3(connection: dict[str, str | None]) -> dict[str, Any]:
    """In a bucket of anything that speaks S3; the options are those of django-storages."""
    options = {**connection, "file_overwrite": True, "default_acl": None}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def on_disk(folder: Path) -> dict[str, Any]:
    options = {
        "location": folder,
        "allow_overwrite": True,  # a name is its content's hash
        "file_permissions_mode": 0o600,
    }
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
