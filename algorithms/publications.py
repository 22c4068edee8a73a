"""A publish that has to pass a gate, done by a task: asked for, scored row by row, and told.

`publishing.publish` does it; here it is only run elsewhere, and each row that was answered is
noted, so that whoever waits sees how far it is.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from celery import shared_task
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from algorithms import publishing, works
from algorithms.gates import judging
from algorithms.models import Algorithm, Gate, Publication
from algorithms.permissions import may_publish, may_see_builds
from algorithms.schemas import Schemas
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import Conflict, NotFound
from marketplace.lib.semver import Part

SHOWN: Final = 20


def has_gate(algorithm: Algorithm) -> bool:
    return Gate.objects.filter(algorithm=algorithm).exists()


def start(
    algorithm: Algorithm,
    *,
    by: Actor,
    part: Part | None = None,
    schemas: Schemas | None = None,
    **wanted: Any,  # noqa: ANN401 - what publishing.publish takes, checked by what it plans
) -> Publication:
    """Queue a publish of the newest build; what can be refused at once is refused now."""
    by.require(may_publish, algorithm)
    asked = works.asked_by(str(algorithm), by=by)
    named = {name: value for name, value in wanted.items() if name != "release_notes"}
    plan = publishing.planned(algorithm, by=by, schemas=schemas, **named)
    publishing.check_part(plan, part)
    said = {**wanted, "part": part.value if part is not None else None}
    if schemas is not None:
        said["schemas"] = [schemas.input, schemas.output, schemas.source]
    row = Publication(algorithm=algorithm, build=plan.build, wanted=said, **asked)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict(
            _("A build is at the gate already; wait until it has passed or was refused.")
        ) from None
    transaction.on_commit(lambda: _send(row.pk))
    return row


@shared_task(acks_late=True)
def run(publication_id: str) -> None:
    """Score it and publish it, or keep the sentence that says why not."""
    row = works.take(Publication, publication_id)
    if row is None:
        return
    try:
        works.note(row, _("Trying the sample input"))
        by = works.actor_of(row)
        version = _published(row, by)
    except judging.Refused as error:
        works.fail(row, error, evaluation=error.evaluation)
    except Exception as error:  # noqa: BLE001 - the row says what it was
        works.fail(row, error)
    else:
        works.finish(row, version=version, evaluation=getattr(version, "evaluation", None))


def _published(row: Publication, by: Actor) -> Any:  # noqa: ANN401 - a Version
    said = dict(row.wanted)
    part, schemas = said.pop("part", None), said.pop("schemas", None)

    def answered(done: int, total: int) -> None:
        works.note(row, _("Asking the rows of the gate"), done=done, total=total)

    return publishing.publish(
        row.algorithm,
        by=by,
        part=Part(part) if part else None,
        schemas=Schemas(*schemas) if schemas else None,
        build=row.build,
        heard=answered,
        **said,
    )


@shared_task
def recover() -> None:
    """Send out again what nobody has taken, and end what was lost with its worker."""
    works.give_up_lost(Publication)
    for waiting in works.forgotten(Publication):
        _send(waiting)


def _send(publication_id: UUID) -> None:
    run.apply_async((str(publication_id),), queue="call")  # to where sandboxes are


def of(algorithm: Algorithm, publication_id: object, *, by: Actor) -> Publication:
    """One publish on its way, for all who may see the algorithm's builds."""
    by.require(may_see_builds, algorithm)
    rows = algorithm.publications.select_related("version", "evaluation", "build", "algorithm")
    row = rows.filter(pk=str(publication_id)).first()
    if row is None:
        raise NotFound(_("%(algorithm)s has no such publish.") % {"algorithm": algorithm})
    return row


def as_json(row: Publication) -> dict[str, Any]:
    """As the API and the page's script see it."""
    return {
        "id": row.pk,
        "state": row.stage,
        "step": row.step,
        "done": row.done,
        "total": row.total,
        "commit": row.build.commit,
        "version": str(row.version.number) if row.version is not None else None,
        "evaluation": row.evaluation_id,
        "error": row.error or None,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }
