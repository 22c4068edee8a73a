"""What long work has in common: it is taken once, notes its steps, and ends with a sentence.

A task may be delivered twice and its worker may die. So a row is taken only while it is queued,
and one whose worker has gone silent is told to be lost, which the timetable looks after.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms.models import Work
from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey
from marketplace.lib.errors import MarketplaceError, NotAllowed, NotFound

logger = logging.getLogger(__name__)
W = TypeVar("W", bound=Work)

SILENT: Final = timedelta(minutes=15)
FORGOTTEN: Final = timedelta(seconds=30)
WAITS: Final = timedelta(hours=1)


def may_start_work(actor: Actor, _what: object) -> bool:
    return actor.user_id is not None and actor.running is None


def may_see_work(actor: Actor, work: Work) -> bool:
    return actor.user_id is not None and actor.user_id == work.requested_by_id


def asked_by(what: str, *, by: Actor) -> dict[str, Any]:
    """Fields of a new row: who asks, and with which key."""
    by.require(may_start_work, what)
    return {"requested_by_id": by.user_id, "requested_with_id": by.key_id}


def actor_of(work: Work) -> Actor:
    """Who has asked, with the rights they have now."""
    if work.requested_with_id is not None:
        key = APIKey.objects.usable().filter(pk=work.requested_with_id).first()
        if key is None:
            raise NotAllowed(_("The key this was asked for with is not good any more."))
        return actors.of_key(key)
    actor = actors.of_session(work.requested_by)
    if actor.is_anonymous:
        raise NotAllowed(_("Who has asked for this may not come in any more."))
    return actor


def take(kind: type[W], work_id: object) -> W | None:
    """Take a queued row for this task; None if somebody else has it, or it is gone."""
    now = timezone.now()
    waiting = kind._default_manager.filter(pk=work_id, state=Work.State.QUEUED)  # noqa: SLF001
    if not waiting.update(state=Work.State.RUNNING, heartbeat_at=now):
        return None
    return kind._default_manager.get(pk=work_id)  # noqa: SLF001


class GivenUp(Exception):
    """Nobody waits for this work any more: it was told to be lost, so it must not go on."""


def note(work: Work, step: str, *, done: int = 0, total: int = 0) -> None:
    """Say how far it is; raise GivenUp if it was told to be lost meanwhile."""
    now = timezone.now()
    if not _write(work, step=step[:200], done=done, total=total, heartbeat_at=now):
        raise GivenUp(str(work))


def finish(work: Work, **found: object) -> None:
    _end(work, state=Work.State.DONE, step="", **found)


def fail(work: Work, error: Exception, **found: object) -> None:
    """Keep the sentence of a refusal; of anything else, that it is our fault."""
    if isinstance(error, MarketplaceError):
        message = error.message
    else:
        logger.error("%s failed", work, exc_info=error)
        message = _("The platform failed, not you. Try again; if it stays so, tell its operator.")
    _end(work, state=Work.State.FAILED, error=message, **found)


def _end(work: Work, **values: object) -> None:
    if not _write(work, finished_at=timezone.now(), **values):
        logger.warning("%s ended after it was given up", work)


def _write(work: Work, **values: object) -> bool:
    """Write into a row that is still being worked on; False if it was given up."""
    rows = type(work)._default_manager.filter(pk=work.pk, state=Work.State.RUNNING)  # noqa: SLF001
    if not rows.update(**values):
        return False
    for name, value in values.items():
        setattr(work, name, value)
    return True


def find(kind: type[W], work_id: object, *, by: Actor) -> W:
    work = kind._default_manager.filter(pk=work_id).first()  # noqa: SLF001
    if work is None or not may_see_work(by, work):
        raise NotFound(_("There is no such work of yours."))
    return work


def forgotten(kind: type[W]) -> list[UUID]:
    """What has waited for a while: the message that it is there may have been lost."""
    rows = kind._default_manager.filter(state=Work.State.QUEUED)  # noqa: SLF001
    return list(rows.filter(created_at__lt=timezone.now() - FORGOTTEN).values_list("pk", flat=True))


def give_up_lost(kind: type[W]) -> list[W]:
    """End what nobody has worked on for long, so that it can be asked for again."""
    now = timezone.now()
    rows = kind._default_manager  # noqa: SLF001
    lost = rows.filter(state=Work.State.RUNNING, heartbeat_at__lt=now - SILENT)
    late = rows.filter(state=Work.State.QUEUED, created_at__lt=now - WAITS)
    message = _("The site was restarted meanwhile. Nothing was kept: start it again.")
    values = {"state": Work.State.FAILED, "finished_at": now, "error": message}
    return [
        work for work in lost | late if (lost | late).filter(pk=work.pk).update(**values)
    ]  # not what has been heard of in between
