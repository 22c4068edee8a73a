"""Writes down which environments this machine offers: each interpreter found, for CPU and for GPU.

Ids are derived from names, so every host of an installation writes the same rows.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from runners import languages, runtimes
from runners.interpreters import Runtime
from runners.models import Environment

_NAMESPACE: Final = uuid.UUID("5d0e3c3e-6c5c-5f0a-9d2b-0b1f5ac5c1a7")


def has_gpu() -> bool:
    """Whether environments with a GPU are offered, by the setting or by what the machine shows."""
    if settings.HAS_GPU in ("yes", "no"):
        return bool(settings.HAS_GPU == "yes")
    return any(Path("/dev").glob("nvidia[0-9]*"))


@transaction.atomic
def sync() -> list[Environment]:
    """Make the rows say what is here now; a row that an operator withdrew stays withdrawn."""
    kinds = [(Environment.MachineType.CPU, True), (Environment.MachineType.GPU, has_gpu())]
    seen = [
        _write(runtime, machine_type, is_present=is_present)
        for runtime in runtimes.offered()
        for machine_type, is_present in kinds
    ]
    slugs = [environment.slug for environment in seen]
    Environment.objects.exclude(slug__in=slugs).update(is_present=False)
    return seen


def _write(
    runtime: Runtime, machine_type: Environment.MachineType, *, is_present: bool
) -> Environment:
    language = languages.get(runtime.language)
    is_gpu = machine_type == Environment.MachineType.GPU
    slug = f"{runtime.slug}-gpu" if is_gpu else runtime.slug
    name = language.display_name.format(minor=runtime.minor)
    facts = {
        "display_name": f"{name}, GPU" if is_gpu else name,
        "description": language.description.format(version=runtime.version),
        "language": runtime.language,
        "version": runtime.version,
        "sort_key": sort_key(runtime.minor),
        "machine_type": machine_type,
        "is_present": is_present,
    }
    ids = {
        "id": uuid.uuid5(_NAMESPACE, slug),
        "specification_id": uuid.uuid5(_NAMESPACE, f"{runtime.language} {runtime.minor}"),
    }
    environment, _ = Environment.objects.update_or_create(
        slug=slug, defaults=facts, create_defaults={**facts, **ids}
    )
    return environment


def sort_key(minor: str) -> str:
    """Write a version so that the order of texts is the order of versions: 003.011."""
    return ".".join(part.zfill(3) for part in minor.split("."))
