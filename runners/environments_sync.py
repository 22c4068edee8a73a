"""Writes down which environments this machine offers: each interpreter found, and what is declared.

Ids are derived from names, so every host of an installation writes the same rows. Each says for
itself what it has: an environment is present while one of them has it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from marketplace.lib.errors import BadInput
from runners import declared, images, languages, machines, runtimes
from runners.backends.base import Backend
from runners.declared import Declaration
from runners.errors import PlatformFault
from runners.interpreters import Runtime
from runners.models import Environment, Presence

logger = logging.getLogger(__name__)

GetBackend = Callable[[], Backend]

_NAMESPACE: Final = uuid.UUID("5d0e3c3e-6c5c-5f0a-9d2b-0b1f5ac5c1a7")


@transaction.atomic
def sync(backend: GetBackend | None = None) -> list[Environment]:
    """Make the rows say what is here now; what an operator has withdrawn stays withdrawn.

    `backend` is asked for only where an environment has an image of its own.
    """
    types = [kind for kind in Environment.MachineType if kind.value.lower() in machines.here()]
    seen = [_found(runtime, kind) for runtime in runtimes.offered() for kind in types]
    seen += [row for row in _declared() if _is_here(row, backend)]
    _note_presence(seen, settings.RUNNER_ADDRESS)
    return seen


def look_again(backend: GetBackend) -> None:
    """See whether this machine has what staff have added since it was last asked."""
    missing = Environment.objects.filter(origin=Environment.Origin.ADDED).exclude(
        places__place=settings.RUNNER_ADDRESS
    )
    for row in missing:
        if _is_here(row, backend):
            _add_presence([row], settings.RUNNER_ADDRESS)


def forget(place: str) -> int:
    """Forget what a runner that is gone for good had; give how many environments that were."""
    rows = Presence.objects.filter(place=place)
    gone = rows.count()
    _note_presence([], place)
    return gone


def _found(runtime: Runtime, machine_type: Environment.MachineType) -> Environment:
    language = languages.get(runtime.language)
    is_gpu = machine_type == Environment.MachineType.GPU
    name = language.display_name.format(minor=runtime.minor)
    return write(
        f"{runtime.slug}-gpu" if is_gpu else runtime.slug,
        words={
            "display_name": f"{name}, GPU" if is_gpu else name,
            "description": language.description.format(version=runtime.version),
        },
        facts={
            "language": runtime.language,
            "version": runtime.version,
            "sort_key": sort_key(runtime.minor),
            "machine_type": machine_type,
            "interpreter": runtime.slug,
        },
        specification=f"{runtime.language} {runtime.minor}",
    )


def write(
    slug: str, *, words: dict[str, str], facts: dict[str, object], specification: str
) -> Environment:
    """Write one row; its name and description only as long as no person has changed them."""
    ids = {
        "id": uuid.uuid5(_NAMESPACE, slug),
        "specification_id": uuid.uuid5(_NAMESPACE, specification),
    }
    row, is_new = Environment.objects.get_or_create(slug=slug, defaults={**words, **facts, **ids})
    if not is_new:
        changed = facts if row.has_own_words else {**words, **facts}
        for name, value in changed.items():
            setattr(row, name, value)
        row.save(update_fields=[*changed])
    return row


def _declared() -> list[Environment]:
    """The rows of the file of declarations, and those that staff have added."""
    origins = Environment.Origin
    path = settings.ENVIRONMENTS_FILE
    rows = [_from_file(one) for one in (declared.read(Path(path)) if path else [])]
    return [*rows, *Environment.objects.filter(origin=origins.ADDED)]


def _from_file(declaration: Declaration) -> Environment:
    known = Environment.objects.filter(slug=declaration.slug).first()
    if known is not None and known.origin != Environment.Origin.DECLARED:
        raise BadInput(f"There is another environment {declaration.slug}; declare another slug.")
    facts = {**declaration.facts, "origin": Environment.Origin.DECLARED}
    if known is None:
        facts |= {"version": declaration.version, "sort_key": sort_key(declaration.version)}
    elif known.packages != facts["packages"]:
        facts["lock"] = ""  # resolved anew by the next build; what is built keeps its own
    return write(
        declaration.slug,
        words=declaration.words,
        facts=facts,
        specification=declaration.specification,
    )


def _is_here(row: Environment, backend: GetBackend | None) -> bool:
    """Whether this machine is of its kind and has its interpreter; writes down which that is."""
    if row.machine not in machines.here():
        return False
    try:
        runtime = _runtime_of(declared.of_row(row), backend)
    except PlatformFault as fault:
        logger.warning("The environment %s cannot be used here: %s", row.slug, fault)
        return False
    if runtime is None:
        logger.warning("The environment %s needs %s %s, which is not here.", *_wanted(row))
        return False
    row.interpreter, row.version = runtime.slug, runtime.version
    row.sort_key = sort_key(runtime.minor)
    row.save(update_fields=["interpreter", "version", "sort_key"])
    return True


def _wanted(row: Environment) -> tuple[str, str, str]:
    return row.slug, row.language, declared.minor_of(row.version)


def _runtime_of(declaration: Declaration, backend: GetBackend | None) -> Runtime | None:
    there = runtimes.offered()
    if declaration.image:
        if backend is None:
            raise PlatformFault("its image can only be looked into where sandboxes are made.")
        there = images.runtimes_in(declaration.image, backend())
    for runtime in there:
        if runtime.language == declaration.language and runtime.minor == declaration.version:
            return runtime
    return None


def _note_presence(rows: Iterable[Environment], place: str) -> None:
    here = list(rows)
    gone = Presence.objects.filter(place=place).exclude(environment__in=here)
    gone.delete()
    _add_presence(here, place)


def _add_presence(rows: Iterable[Environment], place: str) -> None:
    here = [Presence(environment=row, place=place) for row in rows]
    Presence.objects.bulk_create(here, ignore_conflicts=True)
    somewhere = Presence.objects.filter(environment=OuterRef("pk"))
    Environment.objects.update(is_present=Exists(somewhere))
    for row in rows:
        row.is_present = True


def sort_key(minor: str) -> str:
    """Write a version so that the order of texts is the order of versions: 003.011."""
    return ".".join(part.zfill(3) for part in minor.split("."))
