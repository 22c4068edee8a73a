"""What takes a while, in the middle of it: an import that has failed, and a build at the gate."""

from __future__ import annotations

from algorithms.models import Build, Import, Publication
from marketplace.accounts.actors import Actor


def begin(build: Build, *, author: Actor) -> dict[str, str]:
    """Give what the addresses of their pages hold."""
    person = author.user_id or 0
    missing = Import.objects.create(
        owner=build.algorithm.owner,
        name="Digits",
        source="https://git.example.org/models/digits.git",
        state=Import.State.FAILED,
        error="There is no public repository at this address.",
        requested_by_id=person,
    )
    scored = Publication.objects.create(
        algorithm=build.algorithm,
        build=build,
        state=Publication.State.RUNNING,
        step="Asking the rows of the gate",
        done=120,
        total=400,
        requested_by_id=person,
    )
    return {"import": str(missing.pk), "publication": str(scored.pk)}
