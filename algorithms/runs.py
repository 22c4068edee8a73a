"""Runs that their callers want to keep and show, at an address of their own, for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms import receipts
from algorithms.models import Run, Version
from algorithms.permissions import may_view
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, NotFound, NotSignedIn, TooLarge, TooMany

DAYS: Final = (7, 30, 365)
MOST: Final = 500
INPUT_LENGTH: Final = 1_000_000
ANSWER_LENGTH: Final = 4_000_000


def may_keep_runs(actor: Actor, _version: Version) -> bool:
    return not actor.is_anonymous


def may_see_run(actor: Actor, run: Run) -> bool:
    is_mine = actor.speaks_for(run.kept_by_id)
    return is_mine or (run.visibility == Run.Visibility.UNLISTED and may_view(actor, run.algorithm))


def may_forget_run(actor: Actor, run: Run) -> bool:
    return actor.speaks_for(run.kept_by_id)


def keep(  # noqa: PLR0913 - each is a field of the dialog
    *,
    by: Actor,
    receipt: str,
    given: str,
    answer: str,
    visibility: str = Run.Visibility.UNLISTED,
    days: int = 30,
) -> Run:
    """Keep a run of which the page holds our receipt."""
    if by.owner_id is None:
        raise NotSignedIn(_("Sign in to keep a run: it needs somebody who can delete it."))
    if days not in DAYS or visibility not in Run.Visibility.values:
        raise BadInput(_("A run is kept for 7, 30 or 365 days, unlisted or private."))
    if len(given) > INPUT_LENGTH or len(answer) > ANSWER_LENGTH:
        raise TooLarge(_("This run is too large to be kept: 1 MB of input and 4 MB of answer fit."))
    said = receipts.checked(receipt, given, answer)
    rows = Version.objects.select_related("algorithm__owner")
    version = rows.filter(pk=said.version_id).first() if said.version_id else None
    if version is None:
        raise BadInput(_("Only runs of a published version can be kept."))
    by.require(may_keep_runs, version)
    if Run.objects.kept().filter(kept_by_id=by.owner_id).count() >= MOST:
        raise TooMany(
            _("You keep %(most)s runs, which is the limit: delete some first.") % {"most": MOST},
            retry_after=1,
        )
    return Run.objects.create(
        call_id=said.call_id,
        kept_by_id=by.owner_id,
        algorithm=version.algorithm,
        version=version,
        visibility=visibility,
        input=given.replace("\0", ""),
        answer=receipts.without_private_parts(answer).replace("\\u0000", ""),
        seconds=said.seconds,
        expires_at=timezone.now() + timedelta(days=days),
    )


def find(run_id: UUID, *, by: Actor) -> Run:
    """A run that is still kept; NotFound to those who may not see it."""
    rows = Run.objects.kept().select_related("algorithm__owner", "version", "kept_by")
    run = rows.filter(pk=run_id).first()
    if run is None or not may_see_run(by, run):
        raise NotFound(
            _("There is no such run: it has expired, was deleted, or is somebody else's.")
        )
    return run


def id_in(text: str) -> UUID:
    """The id that an address names; NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(_("There is no such run.")) from None


def forget(run: Run, *, by: Actor) -> None:
    by.require(may_forget_run, run)
    run.delete()


@shared_task(name="algorithms.runs.tidy_up")
def tidy_up() -> int:
    """Remove what has expired."""
    return Run.objects.filter(expires_at__lte=timezone.now()).delete()[0]
